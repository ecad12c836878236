"""One layer seen twice, on one colour scale: of two digits, or of one digit under two model versions."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from recognizer import selectors
from recognizer.models import Glyph, ModelVersion
from recognizer.problems import Problem
from recognizer.services.explaining.comparing import Comparison, common_layers, compare
from recognizer.services.explaining.explanations import Look, look_at
from recognizer.services.registry.model_versions import version_named

CANDIDATES = 24  # the newest digits that are offered to compare with


@require_safe
def comparison(request: HttpRequest) -> HttpResponse:
    left = look_at(glyph_named(request, "a"))
    right = right_look(request, left)
    context: dict[str, Any] = {
        "look": left,
        "prediction": left.glyph.prediction,
        "candidates": candidates(request, left.glyph),
        "versions": ModelVersion.objects.exclude(pk=left.version.pk).defer("card").order_by("-created_at"),
    }
    if right:
        layers = common_layers(left, right)
        opened = next((layer for layer in layers if layer.name == request.GET.get("layer")), None)
        context |= {"right": right, "layers": layers}
        if layers:
            context |= sides(right, compare(left, right, opened or layers[0]))
    return render(request, "explorer/compare.html", context)


def sides(right: Look, comparison: Comparison) -> dict[str, Any]:
    # With all digits: both sheets must be drawn on the very same scale.
    scale = "scale={!r},{!r}".format(*comparison.scale)
    return {
        "comparison": comparison,
        "sheet_query": f"?{scale}",
        "right_query": f"?{scale}&model={right.version.version}",
    }


def right_look(request: HttpRequest, left: Look) -> Look | None:
    """The other digit, or the same one under the version that was asked for."""
    if request.GET.get("b"):
        return look_at(glyph_named(request, "b"), left.version)
    version = version_named(request.GET.get("model"))
    return look_at(left.glyph, version) if version else None


def glyph_named(request: HttpRequest, parameter: str) -> Glyph:
    try:
        pk = UUID(request.GET.get(parameter, ""))
    except ValueError as error:
        raise Problem("not_found") from error
    glyph: Glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), pk=pk)
    return glyph


def candidates(request: HttpRequest, glyph: Glyph) -> list[Glyph]:
    """By the newest answers: to sort all digits by their answers' time would be to look at all of them."""
    answers = selectors.history_for(request.user).exclude(text="")[: CANDIDATES + 1]
    digits = [each for answer in selectors.with_glyphs(answers) for each in answer.glyphs.all()]
    return [each for each in digits if each != glyph][:CANDIDATES]
