"""The page about the software and its model, and the manifest and icons of the installable app."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recognizer.figures.drawings import draw_icon
from recognizer.figures.model_card import card_figures
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.reading.visitors import read_examples

ICON_SIZES = (180, 192, 512)


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    model = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    try:
        example = next(each for each in read_examples() if len(each.reading.glyphs) > 1)
    except (Problem, StopIteration):  # no model can be loaded, or it reads no number; the words are enough
        example = None
    context = {"model": model, "figures": card_figures(model.card) if model else None, "example": example}
    return render(request, "about.html", context)


@login_not_required
@require_safe
@cache_control(public=True, max_age=24 * 3600)
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": reverse("icon", args=[size]), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
        for size in ICON_SIZES
    ]
    body = {
        "name": "Digitscribe",
        "short_name": "Digitscribe",
        "description": str(_("Reads handwritten digits and numbers, and shows how sure it is.")),
        "start_url": reverse("desk"),
        "display": "standalone",
        "background_color": "#fbfaf6",
        "theme_color": "#21409a",
        "icons": icons,
    }
    return JsonResponse(body, content_type="application/manifest+json")


@login_not_required
@require_safe
@cache_control(public=True, max_age=24 * 3600)
def icon(request: HttpRequest, size: int) -> HttpResponse:
    if size not in ICON_SIZES:
        raise Http404
    return HttpResponse(draw_icon(size), content_type="image/png")
