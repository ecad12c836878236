"""The explorer's pages for one digit: its layers, a layer's channels, one channel, and the explanation."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from recognizer.http.serving import serve_overlay, serve_png
from recognizer.queries import selectors
from recognizer.services.explaining.explanations import EVIDENCE_DRAWN, ExplainedGlyph, explain_glyph
from recognizer.services.explaining.exploring import ChannelOrder, layer_tiles, open_channel, open_layer
from recognizer.services.registry.model_versions import version_named

KINDS = {
    "occlusion": (
        _("Important strokes and gaps"),
        _("Measured: each piece of stroke is erased, each gap (a square beside the ink) filled, and the digit read."),
    ),
    "cam": (
        _("Important regions"),
        _(
            "Computed: what each region of the last layer adds to the score. Regions are large: where the maps differ, "
            "rely on the measured ones."
        ),
    ),
}


@require_safe
def explorer(request: HttpRequest, pk: UUID, layer: str | None = None, channel: int | None = None) -> HttpResponse:
    """Show the layers with one of them open, and one of its channels if the address names it."""
    explained = explained_glyph(request, pk)
    opened = explained.layer_named(layer) if layer else explained.layers[0]
    order: ChannelOrder = "number" if request.GET.get("order") == "number" else "strength"
    context: dict[str, Any] = {
        "explained": explained,
        "prediction": explained.glyph.prediction,
        "layer_tiles": layer_tiles(explained, opened.name),
        "open_layer": open_layer(explained, opened, order),
        "order": order,
        "query": link_query(explained, order),
        "version_query": link_query(explained),
        "row_width": 28 * len(explained.layers),
        "answer": max(enumerate(explained.probabilities), key=lambda pair: pair[1]),
    }
    if channel is not None:
        if channel >= opened.shape[2]:
            raise Http404
        at = parse_cell(request, opened.shape)
        context["open_channel"] = open_channel(explained, explained.layers.index(opened), channel, order, at)
    return render(request, "explorer/explorer.html", context)


@require_safe
def why(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the evidence for and against the first and the second answer."""
    explained = explained_glyph(request, pk)
    explanation = explained.explain()
    key_change = explanation.key_change
    mark = key_change and explained.frame.locate(key_change.change.window)
    rival_change = explanation.rival_change
    rival_mark = rival_change and explained.frame.locate(rival_change.change.window)
    context = {
        "explained": explained,
        "prediction": explained.glyph.prediction,
        "explanation": explanation,
        "sentence": explanation.sentence(gettext),
        "kinds": [(kind, *KINDS[kind]) for kind in explanation.maps],
        "answers": [
            (digit, explained.probabilities[digit], change)
            for digit, change in zip(explanation.answers, (mark, rival_mark), strict=True)
        ],
        "mark": mark,
        "rival_mark": rival_mark,
        "query": link_query(explained),
        "map_query": f"?drawn={EVIDENCE_DRAWN}{link_query(explained).replace('?', '&')}",
    }
    return render(request, "explorer/why.html", context)


@require_safe
def layer_row(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Return one tile of every layer, side by side."""
    explained = explained_glyph(request, pk)
    return serve_png(request, f"{explained.etag}-row", explained.draw_row)


@require_safe
def layer_map(request: HttpRequest, pk: UUID, layer: str) -> HttpResponseBase:
    """Return all channels of a layer at one pixel per cell; pages cut tiles out of it."""
    explained = explained_glyph(request, pk)
    opened = explained.layer_named(layer)
    scale = parse_scale(request)
    etag = f"{explained.etag}-{opened.name}-{scale or 'own'}"
    return serve_png(request, etag, lambda: explained.draw_layer(opened, scale, zoom=1))


@require_safe
def overlay(request: HttpRequest, pk: UUID, kind: str, digit: int) -> HttpResponseBase:
    return serve_overlay(request, explained_glyph(request, pk), kind, digit)


def explained_glyph(request: HttpRequest, pk: UUID) -> ExplainedGlyph:
    """Return one of the person's glyphs under the version that `?model=` names, or the one that read it."""
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), pk=pk)
    return explain_glyph(glyph, version_named(request.GET.get("model")))


def parse_cell(request: HttpRequest, shape: tuple[int, int, int]) -> tuple[int, int] | None:
    """Return row and column of `?at=12,5`, or None where they are missing or outside a map of this shape."""
    try:
        row, column = (int(part) for part in request.GET.get("at", "").split(","))
    except ValueError:
        return None
    return (row, column) if 0 <= row < shape[0] and 0 <= column < shape[1] else None


def parse_scale(request: HttpRequest) -> tuple[float, float] | None:
    """Return the ends of `?scale=0,3.5`, which comparisons pass, or None where they are missing or invalid."""
    try:
        low, high = (float(part) for part in request.GET.get("scale", "").split(","))
    except ValueError:
        return None
    return (low, high) if abs(low) < float("inf") and low < high < float("inf") else None


def link_query(explained: ExplainedGlyph, order: ChannelOrder = "strength") -> str:
    """Return the query that every link of the page carries on."""
    parts = [] if explained.is_own_version else [f"model={explained.version.version}"]
    if order != "strength":
        parts.append(f"order={order}")
    return "?" + "&".join(parts) if parts else ""
