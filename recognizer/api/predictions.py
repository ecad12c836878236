"""Pictures are read, listed, corrected, deleted and brought back here."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import selectors
from recognizer.api import operations
from recognizer.api.bodies import prediction_body, reading_body
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.idempotent import idempotent, key_of
from recognizer.api.images import image_of
from recognizer.api.lists import page_body
from recognizer.api.parsers import ImageParser, LimitedJSONParser
from recognizer.api.serializers import ParametersSerializer, PredictionIdsSerializer, correction_in
from recognizer.filters import HistoryFilter
from recognizer.models import Correction, Prediction, Upload
from recognizer.problems import Problem
from recognizer.services.history import bulk_actions, corrections, pages
from recognizer.services.reading.predictions import create_prediction, read_picture

LIST_PARAMETERS = {*HistoryFilter.base_filters, "cursor", "page_size"}
PARAMETERS = ParametersSerializer()  # once: a serializer copies all its fields, and they keep nothing of a request


class PredictionList(Endpoint):
    parser_classes = [MultiPartParser, LimitedJSONParser, ImageParser]

    @operations.list_predictions
    def get(self, request: Request) -> Response:
        refuse_mistaken(request)
        narrowed = HistoryFilter(request.query_params, queryset=selectors.history_for(request.user), request=request)
        rows = selectors.with_glyphs(narrowed.qs)
        return Response(
            page_body(
                request,
                rows,
                pages.ORDERS[narrowed.order][1],
                lambda rows: [prediction_body(row, row.glyphs.all(), request) for row in rows],
            )
        )

    @operations.create_prediction
    def post(self, request: Request) -> Response:
        data, file_name = image_of(request)
        wanted = parameters_of(request)
        if not wanted["save"]:
            key_of(request)  # a wrong one is refused here too
            return Response(reading_body(read_picture(data, wanted["mode"]), wanted["mode"]))
        return idempotent(
            request,
            ("prediction", hashlib.sha256(data).hexdigest(), wanted["mode"], wanted["name"]),
            lambda remember: create_prediction(
                owner=person(request),
                data=data,
                source=Upload.Source.API,
                mode=wanted["mode"],
                name=wanted["name"] or file_name,
                in_transaction=lambda prediction, answer: remember(
                    prediction_body(prediction, answer.reading.glyphs, request)
                ),
            ),
        )


class PredictionDetail(Endpoint):
    @operations.get_prediction
    def get(self, request: Request, pk: Any) -> Response:
        prediction = prediction_of(request, pk)
        return Response(prediction_body(prediction, prediction.glyphs.all(), request))

    @operations.correct_prediction
    def patch(self, request: Request, pk: Any) -> Response:
        prediction = prediction_of(request, pk)
        correct(prediction, by=person(request), **correction_in(request.data))
        corrected = prediction_of(request, pk)
        return Response(prediction_body(corrected, corrected.glyphs.all(), request))

    @operations.delete_prediction
    def delete(self, request: Request, pk: Any) -> Response:
        bulk_actions.delete_uploads(person(request), [prediction_of(request, pk).upload_id])
        return Response(status=204)


class PredictionBulkDelete(Endpoint):
    @operations.delete_predictions
    def post(self, request: Request) -> Response:
        wanted = PredictionIdsSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        mine = selectors.predictions_for(request.user).filter(pk__in=wanted.validated_data["ids"])
        uploads = set(mine.values_list("upload", flat=True))
        bulk_actions.delete_uploads(person(request), uploads)
        return Response({"deleted": len(uploads)})


class PredictionBulkRestore(Endpoint):
    @operations.restore_predictions
    def post(self, request: Request) -> Response:
        wanted = PredictionIdsSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        deleted = selectors.deleted_uploads_for(request.user).filter(predictions__in=wanted.validated_data["ids"])
        return Response({"restored": bulk_actions.restore_uploads(deleted)})


def correct(
    prediction: Prediction, *, by: User, text: str = "", kind: str = "", glyphs: Sequence[Mapping[str, Any]] = ()
) -> None:
    if glyphs:
        labels = {glyph["position"]: "" if glyph["digit"] is None else str(glyph["digit"]) for glyph in glyphs}
        corrections.correct_glyphs(prediction=prediction, by=by, labels=by_box(prediction, labels))
    else:
        corrections.correct(prediction=prediction, by=by, kind=kind or Correction.Kind.CORRECT, text=text)


def by_box(prediction: Prediction, labels: Mapping[int, str]) -> dict[int, str]:
    """A glyph keeps its position; its box has another number once a person has added, split or removed boxes."""
    read = corrections.labelled_boxes(prediction, None)
    boxes = [place.box for place in corrections.labelled_boxes(prediction, corrections.current_correction(prediction))]
    numbered = {}
    for position, label in labels.items():
        if position >= len(read):
            raise Problem("invalid", "There is no glyph with this position.")
        if read[position].box not in boxes:
            raise Problem("conflict", "The boxes have changed since. Say the whole text.")
        numbered[boxes.index(read[position].box)] = label
    return numbered


def prediction_of(request: Request, pk: Any) -> Prediction:
    return get_object_or_404(selectors.with_glyphs(selectors.detailed_predictions_for(request.user)), pk=pk)


def refuse_mistaken(request: Request) -> None:
    """A program that misspells a filter would take the whole list for what it asked for. A form sends all its fields,
    and the page takes an empty one for none; a program that does so is mistaken as well."""
    for name, value in request.query_params.items():
        if name not in LIST_PARAMETERS:
            raise Problem("invalid", f"There is no parameter {name}: {', '.join(sorted(LIST_PARAMETERS))}.")
        if not value:
            raise Problem("invalid", f"{name} is empty.")


def parameters_of(request: Request) -> dict[str, Any]:
    """From the query as well as from the body, since a raw image has nowhere else to put them."""
    asked = dict(request.query_params.items())
    if asked:
        PARAMETERS.run_validation(asked)
    given = dict(request.data.items()) if isinstance(request.data, Mapping) else {}
    return dict(PARAMETERS.run_validation({**asked, **given}))
