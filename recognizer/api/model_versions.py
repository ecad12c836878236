"""The model versions, visible to every account."""

from typing import Any

from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint
from recognizer.api.operations import model_versions as operations
from recognizer.bodies.account import model_version_body
from recognizer.bodies.plain import Json, write
from recognizer.models import ModelVersion

VERSIONS = ModelVersion.objects.defer("card")


class ModelList(Endpoint):
    @operations.list_models
    def get(self, request: Request) -> Response:
        return Response([version_json(version, request) for version in VERSIONS.order_by("-created_at", "-id")])


class CurrentModel(Endpoint):
    @operations.get_current_model
    def get(self, request: Request) -> Response:
        return Response(version_json(get_object_or_404(VERSIONS, state=ModelVersion.State.ACTIVE), request))


class ModelDetail(Endpoint):
    @operations.get_model
    def get(self, request: Request, version: str) -> Response:
        return Response(version_json(get_object_or_404(VERSIONS, version=version), request))


class ModelCard(Endpoint):
    """The content of the version's card.json: data, recipe, seed and all figures."""

    @operations.get_model_card
    def get(self, request: Request, version: str) -> Response:
        card: dict[str, Any] = get_object_or_404(ModelVersion, version=version).card
        return Response(card)


def version_json(version: ModelVersion, request: Request) -> Json:
    return write(model_version_body(version, request.build_absolute_uri))
