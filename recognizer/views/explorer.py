"""What the network saw of one digit: its layers in a row, a layer's channels, and what a channel is made of."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from mlcore.artifact import Layer
from mlcore.explaining.mosaic import draw_mosaic
from mlcore.explaining.row import draw_row
from recognizer import selectors
from recognizer.services.explaining.explanations import Look, look_at
from recognizer.services.explaining.exploring import Order, open_channel, open_layer, stations
from recognizer.services.registry.model_versions import version_named
from recognizer.serving import serve_overlay, serve_png

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
    opened = look.layer_named(layer) if layer else look.layers[0]
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
    opened = look.layer_named(layer)
    scale = scale_asked_for(request)
    etag = f"{look.etag}-{opened.name}-{scale or 'own'}"
    return serve_png(request, etag, lambda: draw_mosaic(look.activations[opened.name], scale, zoom=1).png)


@require_safe
def overlay(request: HttpRequest, pk: UUID, kind: str, digit: int) -> HttpResponseBase:
    return serve_overlay(request, look_for(request, pk), kind, digit)


def look_for(request: HttpRequest, pk: UUID) -> Look:
    """At the person's own glyph, through the version that read it or the one asked for."""
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), pk=pk)
    return look_at(glyph, version_named(request.GET.get("model")))


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
