"""The endpoints that explain a glyph: its layers, activations and maps, and the reasons, under any model version."""

from io import BytesIO
from typing import Any

import numpy as np
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from numpy.typing import NDArray
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.artifact import Layer
from recognizer.api.endpoint import Endpoint
from recognizer.api.operations import explanations as operations
from recognizer.bodies.explanations import ExplainedAnswerBody, ExplanationBody, LayerBody, LayersBody, TurnBody
from recognizer.bodies.plain import write
from recognizer.http.serving import serve_immutable, serve_overlay, serve_png
from recognizer.queries import selectors
from recognizer.services.explaining.explanations import ExplainedGlyph, explain_glyph, mosaic_layout
from recognizer.services.registry.model_versions import version_named


class LayerList(Endpoint):
    """The convolution and pooling layers, in order."""

    @operations.list_layers
    def get(self, request: Request, pk: Any, position: int) -> Response:
        return Response(write(layers_body(explained_glyph(request, pk, position), request)))


class LayerActivations(Endpoint):
    """The activations of a layer as a NumPy file: (height, width, channels) float32."""

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
    """All channels of a layer in one PNG, drawn like the stored feature maps."""

    @operations.get_layer_map
    def get(self, request: Request, pk: Any, position: int, layer: str) -> HttpResponseBase:
        explained = explained_glyph(request, pk, position)
        opened = explained.layer_named(layer)
        return serve_png(request._request, f"{explained.etag}-{opened.name}-2x", lambda: explained.draw_layer(opened))


class Explanation(Endpoint):
    """The evidence for and against the two most likely digits, in numbers and in a sentence."""

    @operations.get_explanation
    def get(self, request: Request, pk: Any, position: int) -> Response:
        return Response(write(explanation_body(explained_glyph(request, pk, position))))


class Overlay(Endpoint):
    """A map of the explanation as a PNG to lay over `frame` of the picture: blue is for the digit, orange against."""

    @operations.get_overlay
    def get(self, request: Request, pk: Any, position: int, kind: str, digit: int) -> HttpResponseBase:
        return serve_overlay(request._request, explained_glyph(request, pk, position), kind, digit)


def layers_body(explained: ExplainedGlyph, request: Request) -> LayersBody:
    # The query, if any, names the version, so the links need it too.
    query = "" if explained.is_own_version else f"?model={explained.version.version}"

    def layer_url(layer: Layer, part: str) -> str:
        return request.build_absolute_uri(f"{request._request.path}{layer.name}/{part}/{query}")

    def layer_body(layer: Layer) -> LayerBody:
        low, high = explained.scale_of(layer)
        return LayerBody(
            name=layer.name,
            kind=layer.kind,
            shape=list(layer.shape),
            columns=mosaic_layout(layer).columns,
            low=low,
            high=high,
            activations_url=layer_url(layer, "activations"),
            map_url=layer_url(layer, "map"),
        )

    return LayersBody(explained.version.version, [layer_body(layer) for layer in explained.layers])


def explanation_body(explained: ExplainedGlyph) -> ExplanationBody:
    why, frame = explained.explain(), explained.frame
    return ExplanationBody(
        model=explained.version.version,
        sentence=why.sentence(),
        answers=[
            ExplainedAnswerBody(
                digit=digit,
                probability=explained.probabilities[digit],
                logit=float(why.logits[digit]),
                occlusion=rounded_rows(why.maps["occlusion"][place]),
                cam=rounded_rows(why.maps["cam"][place]) if "cam" in why.maps else None,
            )
            for place, digit in enumerate(why.answers)
        ],
        turn=turn_body(explained),
        frame=[round(length, 1) for length in (frame.left, frame.top, frame.side, frame.side)],
    )


def rounded_rows(values: NDArray[np.float32]) -> list[list[float]]:
    rows: list[list[float]] = np.round(values.astype(float), 4).tolist()
    return rows


def turn_body(explained: ExplainedGlyph) -> TurnBody | None:
    key_change = explained.explain().key_change
    if key_change is None:
        return None
    return TurnBody(
        kind="gap" if key_change.change.is_gap else "stroke",
        place=key_change.place,
        box=[round(length, 1) for length in explained.frame.locate(key_change.change.window)],
        decides=key_change.is_decisive,
    )


def explained_glyph(request: Request, pk: Any, position: int) -> ExplainedGlyph:
    glyph = get_object_or_404(selectors.explained_glyphs_for(request.user), prediction=pk, position=position)
    return explain_glyph(glyph, version_named(request.query_params.get("model")))
