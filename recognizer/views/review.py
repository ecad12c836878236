"""The review queue: what was least sure first, one after another."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from recognizer.views.requests import MemberRequest


@require_GET
def review(request: MemberRequest) -> HttpResponse:
    return render(request, "review.html")
