"""What the network saw of one digit: its layers in a row, a layer's channels, and what a channel is made of."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from mlcore.artifact import Layer
from mlcore.explaining.explainer import Kind
from mlcore.explaining.mosaic import draw_mosaic
from mlcore.explaining.overlay import draw_overlay
from mlcore.explaining.row import draw_row
from recognizer import selectors
from recognizer.models import ModelVersion
from recognizer.services.explaining.explanations import Look, look_at
from recognizer.services.explaining.exploring import Order, open_channel, open_layer, stations
from recognizer.views.media import immutable

KINDS = {
    "occlusion": (
        _("What the answer rests on"),
        _("The reader was asked again and again, each time with a piece of stroke erased or a gap filled in."),
    ),
    "cam": (
        _("Where the network found it"),
        _("What each place of the last layer adds to the digit's score; together they are exactly that score."),
    ),
}


@require_safe
def explorer(request: HttpRequest, pk: UUID, layer: str | None = None, channel: int | None = None) -> HttpResponse:
    look = look_for(request, pk)
    opened = layer_or_404(look, layer) if layer else look.layers[0]
    order: Order = "number" if request.GET.get("order") == "number" else "strength"
    context: dict[str, Any] = {
        "look": look,
        "prediction": look.glyph.prediction,
        "stations": stations(look, opened.name),
        "open_layer": open_layer(look, opened, order),
        "order": order,
        "query": query_of(look, order),
        "look_query": query_of(look),
        "row_width": 28 * len(look.layers),
    }
    if channel is not None:
        if channel >= opened.shape[2]:
            raise Http404
        at = cell_asked_for(request, opened)
        context["open_channel"] = open_channel(look, look.layers.index(opened), channel, order, at)
    return render(request, "explorer/explorer.html", context)


@require_safe
def why(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Why this digit: what speaks for and against the first and the second answer."""
    look = look_for(request, pk)
    reasons = look.why()
    turn = reasons.turn and look.frame.place(reasons.turn.change.window)
    context = {
        "look": look,
        "prediction": look.glyph.prediction,
        "why": reasons,
        "sentence": reasons.sentence(gettext),
        "kinds": [(kind, *KINDS[kind], turn if kind == "occlusion" else None) for kind in reasons.maps],
        "answers": [(digit, look.probabilities[digit]) for digit in reasons.answers],
        "turn": turn,
        "query": query_of(look),
    }
    return render(request, "explorer/why.html", context)


@require_safe
def layer_row(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One tile of every layer, side by side."""
    look = look_for(request, pk)

    def png() -> bytes:
        row = stations(look, None)
        return draw_row([look.activations[s.layer.name] for s in row], [s.channel for s in row])

    return serve_png(request, f"{look.etag}-row", png)


@require_safe
def layer_map(request: HttpRequest, pk: UUID, layer: str) -> HttpResponseBase:
    """All channels of a layer, at one pixel a cell; pages cut tiles out of it."""
    look = look_for(request, pk)
    opened = layer_or_404(look, layer)
    scale = scale_asked_for(request)
    etag = f"{look.etag}-{opened.name}-{scale or 'own'}"
    return serve_png(request, etag, lambda: draw_mosaic(look.activations[opened.name], scale, zoom=1).png)


@require_safe
def overlay(request: HttpRequest, pk: UUID, kind: str, digit: int) -> HttpResponseBase:
    return serve_overlay(request, look_for(request, pk), kind, digit)


def serve_overlay(request: HttpRequest, look: Look, kind: str, digit: int) -> HttpResponseBase:
    reasons = look.why()
    known: Kind | None = next((name for name in reasons.maps if name == kind), None)
    if known is None or digit not in reasons.answers:
        raise Http404
    values = reasons.maps[known][reasons.answers.index(digit)]
    return serve_png(request, f"{look.etag}-{kind}-{digit}", lambda: draw_overlay(values, reasons.limit(known)))


def look_for(request: HttpRequest, pk: UUID) -> Look:
    """At the person's own glyph, through the version that read it or the one asked for."""
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), pk=pk)
    return look_at(glyph, version_asked_for(request))


def version_asked_for(request: HttpRequest) -> ModelVersion | None:
    """`?model=digits-4`; None where none is named."""
    name = request.GET.get("model")
    if not name:
        return None
    if "\0" in name:  # PostgreSQL fails where it is asked for one
        raise Http404
    return get_object_or_404(ModelVersion, version=name)


def layer_or_404(look: Look, name: str) -> Layer:
    layer = look.layer_named(name)
    if layer is None:
        raise Http404
    return layer


def cell_asked_for(request: HttpRequest, layer: Layer) -> tuple[int, int] | None:
    """`?at=12,5`: row and column; None is the strongest."""
    try:
        row, column = (int(part) for part in request.GET.get("at", "").split(","))
    except ValueError:
        return None
    return (row, column) if 0 <= row < layer.shape[0] and 0 <= column < layer.shape[1] else None


def scale_asked_for(request: HttpRequest) -> tuple[float, float] | None:
    """`?scale=0,3.5`: where two layers are compared."""
    try:
        low, high = (float(part) for part in request.GET.get("scale", "").split(","))
    except ValueError:
        return None
    return (low, high) if abs(low) < float("inf") and low < high < float("inf") else None


def query_of(look: Look, order: Order = "strength") -> str:
    """What every link of the page carries on."""
    parts = [] if look.own else [f"model={look.version.version}"]
    if order != "strength":
        parts.append(f"order={order}")
    return "?" + "&".join(parts) if parts else ""


def serve_png(request: HttpRequest, name: str, png: Callable[[], bytes]) -> HttpResponseBase:
    return immutable(request, name, lambda: HttpResponse(png(), content_type="image/png"))
