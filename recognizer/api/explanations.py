"""Why an answer is what it is: a glyph's layers, their activations and maps, and the reasons, under any version."""

from io import BytesIO
from typing import Any

import numpy as np
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.artifact import Layer
from mlcore.explaining.mosaic import Sheet, draw_mosaic, scale_of
from recognizer import selectors
from recognizer.api import operations
from recognizer.api.endpoint import Endpoint
from recognizer.services.explaining.explanations import Look, look_at
from recognizer.services.registry.model_versions import version_named
from recognizer.serving import serve_immutable, serve_overlay, serve_png


class LayerList(Endpoint):
    """Every convolution and pooling, in order."""

    @operations.list_layers
    def get(self, request: Request, pk: Any, position: int) -> Response:
        look = look_for(request, pk, position)
        return Response(
            {"model": look.version.version, "layers": [layer_body(look, la, request) for la in look.layers]}
        )


class LayerActivations(Endpoint):
    """The numbers themselves as a NumPy file: (height, width, channels) float32."""

    @operations.get_activations
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        look = look_for(request, pk, position)
        known = look.layer_named(layer)

        def npy() -> HttpResponse:
            buffer = BytesIO()
            np.save(buffer, look.activations[known.name], allow_pickle=False)
            return HttpResponse(buffer.getvalue(), content_type="application/octet-stream")

        return serve_immutable(request._request, f"{look.etag}-{known.name}.npy", npy)


class LayerMap(Endpoint):
    """All channels in one PNG, as the stored feature maps are drawn."""

    @operations.get_layer_map
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        look = look_for(request, pk, position)
        name = look.layer_named(layer).name
        return serve_png(request._request, f"{look.etag}-{name}-2x", lambda: draw_mosaic(look.activations[name]).png)


class Explanation(Endpoint):
    """What speaks for and against the two most likely digits, in numbers and in a sentence."""

    @operations.get_explanation
    def get(self, request: Request, pk: Any, position: int) -> Response:
        return Response(explanation_body(look_for(request, pk, position), request))


class Overlay(Endpoint):
    """A map of the explanation as a PNG that lies on `frame` of the picture: blue speaks for, orange against."""

    @operations.get_overlay
    def get(self, request: Request, pk: Any, position: int, kind: str, digit: int) -> HttpResponseBase:
        return serve_overlay(request._request, look_for(request, pk, position), kind, digit)


def layer_body(look: Look, layer: Layer, request: Request) -> dict[str, Any]:
    low, high = scale_of(look.activations[layer.name])
    # The query, if any, names the version: it belongs to what is linked as well.
    path = f"{request._request.path}{layer.name}"
    query = "" if look.own else f"?model={look.version.version}"
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": layer.shape,
        "columns": Sheet(layer.shape).columns,
        "low": low,
        "high": high,
        "activations_url": request.build_absolute_uri(f"{path}/activations/{query}"),
        "map_url": request.build_absolute_uri(f"{path}/map/{query}"),
    }


def explanation_body(look: Look, request: Request) -> dict[str, Any]:
    why = look.why()
    frame, turn = look.frame, why.turn
    return {
        "model": look.version.version,
        "sentence": why.sentence(),
        "answers": [
            {
                "digit": digit,
                "probability": look.probabilities[digit],
                "logit": float(why.logits[digit]),
                **{kind: np.round(maps[place].astype(float), 4).tolist() for kind, maps in why.maps.items()},
            }
            for place, digit in enumerate(why.answers)
        ],
        "turn": turn
        and {
            "kind": "gap" if turn.change.gap else "stroke",
            "place": turn.place,
            "box": [round(length, 1) for length in frame.place(turn.change.window)],
            "decides": turn.decides,
        },
        "frame": [round(length, 1) for length in (frame.left, frame.top, frame.side, frame.side)],
    }


def look_for(request: Request, pk: Any, position: int) -> Look:
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), prediction=pk, position=position)
    return look_at(glyph, version_named(request.query_params.get("model")))
