"""The endpoints of model versions. Every account sees them; people with the permission `trainer` change them."""

import hashlib
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import Endpoint, person
from recognizer.api.idempotent import claimed_key, created, repeated
from recognizer.api.operations import model_versions as operations
from recognizer.api.requests.serializers import ModelChangeSerializer, PromoteSerializer
from recognizer.api.trainers import require_fresh_trainer, require_trainer
from recognizer.bodies.model_versions import PromotionListBody, model_version_body, promotion_body
from recognizer.bodies.plain import Json, write
from recognizer.forms import clean_or_raise
from recognizer.forms.model_versions import DAY_EXPECTED, DayForm
from recognizer.http.serving import serve_model
from recognizer.http.upload_handlers import check_files
from recognizer.models import TRAINER, ModelVersion
from recognizer.problems import Problem
from recognizer.services.registry.model_changes import active_on, describe_model, newest_promotions, retire_model
from recognizer.services.registry.model_files import unavailable_if_damaged
from recognizer.services.registry.model_transfer import upload_model
from recognizer.services.registry.promotion import promote_model, versions_with_lineage


class ModelList(Endpoint):
    parser_classes = [MultiPartParser]

    @operations.list_models
    def get(self, request: Request) -> Response:
        rows = versions_with_lineage().order_by("-created_at", "-id")
        return Response([write(model_version_body(row, request.build_absolute_uri)) for row in rows])

    @operations.upload_model
    def post(self, request: Request) -> Response:
        """Register a candidate. A repeated request with the same key gets the first answer again."""
        require_fresh_trainer(request)
        data = uploaded_model(request)
        with claimed_key(request, "model", hashlib.sha256(data).hexdigest()) as record:
            if record and record.status is not None:
                return repeated(record, lambda pk: version_json(request, pk=pk))
            version = upload_model(data, by=person(request), record=record)
        return created(record, version_json(request, pk=version.pk))


class CurrentModel(Endpoint):
    @operations.get_current_model
    def get(self, request: Request) -> Response:
        return Response(version_json(request, state=ModelVersion.State.ACTIVE))


class PromotionList(Endpoint):
    @operations.list_promotions
    def get(self, request: Request) -> Response:
        """Return the newest promotions, or those that were in force on a day, in order."""
        day = clean_or_raise(DayForm(request.query_params))["on"]
        if day is None and "on" in request.query_params:
            raise Problem("invalid", str(DAY_EXPECTED))
        promotions = active_on(day) if day else newest_promotions()
        shows_people = person(request).has_perm(TRAINER)
        absolute = request.build_absolute_uri
        rows = [promotion_body(each, absolute, shows_people=shows_people) for each in promotions]
        return Response(write(PromotionListBody(rows)))


class ModelDetail(Endpoint):
    @operations.get_model
    def get(self, request: Request, version: str) -> Response:
        return Response(version_json(request, version=version))

    @operations.change_model
    def patch(self, request: Request, version: str) -> Response:
        require_trainer(request)
        chosen = find_version(version)
        values = ModelChangeSerializer.validate_body(request.data)
        title, note = values.get("title", chosen.title), values.get("note", chosen.note)
        describe_model(chosen, title=title, note=note, by=person(request))
        return Response(version_json(request, version=version))


class ModelPromote(Endpoint):
    @operations.promote_model
    def post(self, request: Request, version: str) -> Response:
        require_fresh_trainer(request)
        chosen = find_version(version)
        reason = PromoteSerializer.validate_body(request.data)["reason"]
        with unavailable_if_damaged(chosen):
            promote_model(chosen, by=person(request), reason=reason)
        return Response(version_json(request, version=version))


class ModelRetire(Endpoint):
    @operations.retire_model
    def post(self, request: Request, version: str) -> Response:
        require_trainer(request)
        retire_model(find_version(version), by=person(request))
        return Response(version_json(request, version=version))


class ModelDownload(Endpoint):
    @operations.download_model
    def get(self, request: Request, version: str) -> HttpResponseBase:
        require_fresh_trainer(request)
        return serve_model(request._request, find_version(version), by=person(request))


class ModelCard(Endpoint):
    """The content of the version's card.json: data, recipe, seed and all figures."""

    @operations.get_model_card
    def get(self, request: Request, version: str) -> Response:
        card: dict[str, Any] = find_version(version).card
        return Response(card)


def uploaded_model(request: Request) -> bytes:
    files = request.FILES.getlist("file")
    check_files(request._request)
    if not files:
        raise Problem("missing_file", "Send the ZIP file of a model in `file`.")
    if len(files) > 1:
        raise Problem("bad_request", "Send one file.")
    return bytes(files[0].read())


def find_version(version: str) -> ModelVersion:
    return get_object_or_404(ModelVersion, version=version)


def version_json(request: Request, **key: Any) -> Json:
    return write(model_version_body(get_object_or_404(versions_with_lineage(), **key), request.build_absolute_uri))
