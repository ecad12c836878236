"""The networks that read, for everybody who may ask."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api import operations
from recognizer.api.bodies import model_body
from recognizer.api.endpoint import Endpoint
from recognizer.models import ModelVersion

VERSIONS = ModelVersion.objects.defer("card")


class ModelList(Endpoint):
    @operations.list_models
    def get(self, request: Request) -> Response:
        return Response([model_body(version, request) for version in VERSIONS.order_by("-created_at", "-id")])


class CurrentModel(Endpoint):
    @operations.get_current_model
    def get(self, request: Request) -> Response:
        return Response(model_body(get_object_or_404(VERSIONS, state=ModelVersion.State.ACTIVE), request))


class ModelDetail(Endpoint):
    @operations.get_model
    def get(self, request: Request, version: str) -> Response:
        return Response(model_body(get_object_or_404(VERSIONS, version=version), request))


class ModelCard(Endpoint):
    """Its data, recipe, seed and every figure, as its card.json says."""

    @operations.get_model_card
    def get(self, request: Request, version: str) -> Response:
        card: dict[str, Any] = get_object_or_404(ModelVersion, version=version).card
        return Response(card)
