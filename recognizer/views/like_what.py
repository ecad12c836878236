"""The page of the digits that made the network answer: alike training digits and own confirmed ones."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from recognizer.services.explaining.likeness import find_alike
from recognizer.views.explorer import explained_glyph, link_query


@require_safe
def like_what(request: HttpRequest, pk: UUID) -> HttpResponse:
    explained = explained_glyph(request, pk)
    alike = find_alike(explained, request.user)
    digit = max(range(10), key=explained.probabilities.__getitem__)
    context = {
        "explained": explained,
        "prediction": explained.glyph.prediction,
        "alike": alike,
        "digit": digit,
        "same": alike.count_labels(digit),
        "query": link_query(explained),
    }
    return render(request, "explorer/like_what.html", context)
