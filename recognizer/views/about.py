"""The page about the software and its model, and the manifest and icons of the installable app."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from recognizer import words
from recognizer.drawings import draw_icon
from recognizer.models import ModelVersion

# Parts of the model card that the page lists, and the figures that it shows first.
CARD_PARTS = ("metrics", "thresholds", "training")
FIGURES = {
    "metrics test accuracy": _("Correct on MNIST’s 10,000 test digits"),
    "metrics read as png sure but wrong": _("Sure but wrong on the same digits"),
    "metrics robustness on paper": _("Correct on the same digits as photographed paper"),
    "metrics numbers by gap any paper usual": _("Whole numbers read correctly"),
}
ICON_SIZES = (180, 192, 512)


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    model = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    card = dict(flatten({part: model.card.get(part, {}) for part in CARD_PARTS})) if model else {}
    context = {
        "model": model,
        "figures": [(label, words.percent(card[name])) for name, label in FIGURES.items() if name in card],
        "command": card.get("training command", ""),
        "card": [(name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in card.items()],
    }
    return render(request, "about.html", context)


def flatten(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of a nested mapping, each with the joined names that lead to it. Leave out lists."""
    for name, value in part.items():
        label = f"{prefix} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from flatten(value, label)
        elif not isinstance(value, list):
            yield label, value


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
