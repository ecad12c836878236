"""Why an answer is what it is: a glyph's layers, their activations and maps, and the reasons, under any version."""

from io import BytesIO
from typing import Any

import numpy as np
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.artifact import Layer
from recognizer import selectors
from recognizer.api import operations
from recognizer.api.endpoint import Endpoint
from recognizer.services.explaining.explanations import ExplainedGlyph, explain_glyph, mosaic_layout
from recognizer.services.registry.model_versions import version_named
from recognizer.serving import serve_immutable, serve_overlay, serve_png


class LayerList(Endpoint):
    """Every convolution and pooling, in order."""

    @operations.list_layers
    def get(self, request: Request, pk: Any, position: int) -> Response:
        explained = explained_glyph(request, pk, position)
        return Response(
            {
                "model": explained.version.version,
                "layers": [layer_body(explained, la, request) for la in explained.layers],
            }
        )


class LayerActivations(Endpoint):
    """The numbers themselves as a NumPy file: (height, width, channels) float32."""

    @operations.get_activations
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        explained = explained_glyph(request, pk, position)
        known = explained.layer_named(layer)

        def npy() -> HttpResponse:
            buffer = BytesIO()
            np.save(buffer, explained.activations[known.name], allow_pickle=False)
            return HttpResponse(buffer.getvalue(), content_type="application/octet-stream")

        return serve_immutable(request._request, f"{explained.etag}-{known.name}.npy", npy)


class LayerMap(Endpoint):
    """All channels in one PNG, as the stored feature maps are drawn."""

    @operations.get_layer_map
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        explained = explained_glyph(request, pk, position)
        opened = explained.layer_named(layer)
        return serve_png(request._request, f"{explained.etag}-{opened.name}-2x", lambda: explained.draw_layer(opened))


class Explanation(Endpoint):
    """What speaks for and against the two most likely digits, in numbers and in a sentence."""

    @operations.get_explanation
    def get(self, request: Request, pk: Any, position: int) -> Response:
        return Response(explanation_body(explained_glyph(request, pk, position), request))


class Overlay(Endpoint):
    """A map of the explanation as a PNG that lies on `frame` of the picture: blue speaks for, orange against."""

    @operations.get_overlay
    def get(self, request: Request, pk: Any, position: int, kind: str, digit: int) -> HttpResponseBase:
        return serve_overlay(request._request, explained_glyph(request, pk, position), kind, digit)


def layer_body(explained: ExplainedGlyph, layer: Layer, request: Request) -> dict[str, Any]:
    low, high = explained.scale_of(layer)
    # The query, if any, names the version: it belongs to what is linked as well.
    path = f"{request._request.path}{layer.name}"
    query = "" if explained.is_own_version else f"?model={explained.version.version}"
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": layer.shape,
        "columns": mosaic_layout(layer).columns,
        "low": low,
        "high": high,
        "activations_url": request.build_absolute_uri(f"{path}/activations/{query}"),
        "map_url": request.build_absolute_uri(f"{path}/map/{query}"),
    }


def explanation_body(explained: ExplainedGlyph, request: Request) -> dict[str, Any]:
    why = explained.explain()
    frame, key_change = explained.frame, why.key_change
    return {
        "model": explained.version.version,
        "sentence": why.sentence(),
        "answers": [
            {
                "digit": digit,
                "probability": explained.probabilities[digit],
                "logit": float(why.logits[digit]),
                **{kind: np.round(maps[place].astype(float), 4).tolist() for kind, maps in why.maps.items()},
            }
            for place, digit in enumerate(why.answers)
        ],
        "turn": key_change
        and {
            "kind": "gap" if key_change.change.is_gap else "stroke",
            "place": key_change.place,
            "box": [round(length, 1) for length in frame.locate(key_change.change.window)],
            "decides": key_change.is_decisive,
        },
        "frame": [round(length, 1) for length in (frame.left, frame.top, frame.side, frame.side)],
    }


def explained_glyph(request: Request, pk: Any, position: int) -> ExplainedGlyph:
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), prediction=pk, position=position)
    return explain_glyph(glyph, version_named(request.query_params.get("model")))
