"""The comparison page: one layer of two digits, or of one digit under two model versions, on one colour scale."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from recognizer.http.serving import serve_png
from recognizer.models import Glyph, ModelVersion
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import HistoryFilter
from recognizer.services.explaining.comparing import (
    Comparison,
    common_layers,
    compare,
    compare_probabilities,
    draw_evidence_difference,
    draw_layer_difference,
)
from recognizer.services.explaining.explanations import EVIDENCE_DRAWN, ExplainedGlyph, explain_glyph
from recognizer.services.history.pages import history_page
from recognizer.services.registry.model_versions import version_named
from recognizer.views.requests import UserRequest

SEARCHED = ("q", "digit")  # filters of the history that find a digit to compare with


@require_safe
def comparison(request: UserRequest) -> HttpResponse:
    left = explain_glyph(requested_glyph(request, "a"))
    right = requested_right_side(request, left)
    context: dict[str, Any] = {
        "explained": left,
        "prediction": left.glyph.prediction,
        "versions": ModelVersion.objects.exclude(pk=left.version.pk).defer("card").order_by("-created_at"),
        **picker_context(request, left.glyph),
    }
    if right:
        layers = common_layers(left, right)
        opened = next((layer for layer in layers if layer.name == request.GET.get("layer")), None)
        context |= {"right": right, "layers": layers, "shares": compare_probabilities(left, right)}
        if left.glyph == right.glyph:
            context |= evidence_context(left, right)
        if layers:
            context |= comparison_context(left, right, compare(left, right, opened or layers[0]))
    return render(request, "explorer/compare.html", context)


def picker_context(request: UserRequest, glyph: Glyph) -> dict[str, Any]:
    """Return the search form and the digits of one page of its answers, the newest first."""
    query = QueryDict(mutable=True)
    for name in SEARCHED:
        query[name] = request.GET.get(name, "")
    filtered = HistoryFilter(query, queryset=selectors.history_for(request.user), user=request.user)
    rows = selectors.with_glyphs(filtered.qs.exclude(text=""))
    page = history_page(rows, cursor=request.GET.get("cursor", ""))
    digits = [each for answer in page.rows for each in answer.glyphs.all() if each != glyph]
    if query["digit"]:
        digits = [each for each in digits if str(each.digit) == query["digit"]]
    fields = [filtered.form[name] for name in SEARCHED]
    return {"fields": fields, "is_searched": any(query.values()), "page": page, "other_glyphs": digits}


def comparison_context(left: ExplainedGlyph, right: ExplainedGlyph, opened: Comparison) -> dict[str, Any]:
    # repr() keeps all digits: both mosaics must be drawn on exactly the same scale.
    scale = "scale={!r},{!r}".format(*opened.scale)
    sides = {"a": left.glyph.pk, "b": right.glyph.pk, "layer": opened.layer.name}
    return {
        "comparison": opened,
        "left_query": f"?{scale}",
        "right_query": f"?{scale}&model={right.version.version}",
        "difference_url": f"{reverse('layer_difference')}?{urlencode(sides)}",
    }


def evidence_context(left: ExplainedGlyph, right: ExplainedGlyph) -> dict[str, Any]:
    sides = {"a": left.glyph.pk, "model": right.version.version, "digit": left.glyph.digit, "drawn": EVIDENCE_DRAWN}
    return {"evidence_url": f"{reverse('evidence_difference')}?{urlencode(sides)}"}


@require_safe
def layer_difference(request: HttpRequest) -> HttpResponseBase:
    """Return what one layer makes of `?a=` minus what it makes of `?b=`; pages cut tiles out of it."""
    left = explain_glyph(requested_glyph(request, "a"))
    right = explain_glyph(requested_glyph(request, "b"), left.version)
    layer = left.layer_named(request.GET.get("layer", ""))
    etag = f"{left.etag}-{right.etag}-{layer.name}-difference"
    return serve_png(request, etag, lambda: draw_layer_difference(left, right, layer))


@require_safe
def evidence_difference(request: HttpRequest) -> HttpResponseBase:
    """Return the evidence for `?digit=` in `?a=` under its version minus that under `?model=`."""
    left = explain_glyph(requested_glyph(request, "a"))
    version = version_named(request.GET.get("model"))
    digit = request.GET.get("digit", "")
    if version is None or len(digit) != 1 or digit not in "0123456789":
        raise Problem("not_found")
    right = explain_glyph(left.glyph, version)
    etag = f"{left.etag}-{right.etag}-{digit}-evidence-{EVIDENCE_DRAWN}"
    return serve_png(request, etag, lambda: draw_evidence_difference(left, right, int(digit)))


def requested_right_side(request: HttpRequest, left: ExplainedGlyph) -> ExplainedGlyph | None:
    """Return the other digit that `?b=` names, or the same digit under the version that `?model=` names."""
    if request.GET.get("b"):
        return explain_glyph(requested_glyph(request, "b"), left.version)
    version = version_named(request.GET.get("model"))
    return explain_glyph(left.glyph, version) if version else None


def requested_glyph(request: HttpRequest, parameter: str) -> Glyph:
    try:
        pk = UUID(request.GET.get(parameter, ""))
    except ValueError as error:
        raise Problem("not_found") from error
    glyph: Glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), pk=pk)
    return glyph
