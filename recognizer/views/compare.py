"""The comparison page: one layer of two digits, or of one digit under two model versions, on one colour scale."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from recognizer import selectors
from recognizer.models import Glyph, ModelVersion
from recognizer.problems import Problem
from recognizer.services.explaining.comparing import Comparison, common_layers, compare
from recognizer.services.explaining.explanations import ExplainedGlyph, explain_glyph
from recognizer.services.registry.model_versions import version_named

MAX_OTHER_GLYPHS = 24  # the newest digits, offered for comparison


@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    left = explain_glyph(requested_glyph(request, "a"))
    right = requested_right_side(request, left)
    context: dict[str, Any] = {
        "explained": left,
        "prediction": left.glyph.prediction,
        "other_glyphs": newest_other_glyphs(request, left.glyph),
        "versions": ModelVersion.objects.exclude(pk=left.version.pk).defer("card").order_by("-created_at"),
    }
    if right:
        layers = common_layers(left, right)
        opened = next((layer for layer in layers if layer.name == request.GET.get("layer")), None)
        context |= {"right": right, "layers": layers}
        if layers:
            context |= comparison_context(right, compare(left, right, opened or layers[0]))
    return render(request, "explorer/compare.html", context)


def comparison_context(right: ExplainedGlyph, comparison: Comparison) -> dict[str, Any]:
    # repr() keeps all digits: both mosaics must be drawn on exactly the same scale.
    scale = "scale={!r},{!r}".format(*comparison.scale)
    return {
        "comparison": comparison,
        "left_query": f"?{scale}",
        "right_query": f"?{scale}&model={right.version.version}",
    }


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


def newest_other_glyphs(request: HttpRequest, glyph: Glyph) -> list[Glyph]:
    """Return the digits of the newest answers. Sorting all digits by time would read every row."""
    answers = selectors.history_for(request.user).exclude(text="")[: MAX_OTHER_GLYPHS + 1]
    digits = [each for answer in selectors.with_glyphs(answers) for each in answer.glyphs.all()]
    return [each for each in digits if each != glyph][:MAX_OTHER_GLYPHS]
