"""What this is, and what a phone needs to install it."""

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

# What of the model's card is worth a person's time, and what of that stands in front.
SHOWN = ("metrics", "thresholds", "training")
FIGURES = {
    "metrics test accuracy": _("Right, of MNIST's 10,000 test digits"),
    "metrics read as png sure but wrong": _("Of them sure and yet wrong"),
    "metrics robustness on paper": _("Right, of them on photographed paper"),
    "metrics numbers by gap any paper usual": _("Right, of written numbers as a whole"),
}
ICON_SIZES = (180, 192, 512)


@login_not_required
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    model = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    card = dict(flat({part: model.card.get(part, {}) for part in SHOWN})) if model else {}
    context = {
        "model": model,
        "figures": [(label, words.percent(card[name])) for name, label in FIGURES.items() if name in card],
        "command": card.get("training command", ""),
        "card": [(name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in card.items()],
    }
    return render(request, "about.html", context)


def flat(part: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The card's values, each under the words that lead to it; without the lists, which are long."""
    for name, value in part.items():
        words_of = f"{before} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, words_of)
        elif not isinstance(value, list):
            yield words_of, value


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
