"""The endpoints that read, list, correct, delete and restore pictures."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.reading.result import Mode
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.idempotent import claimed_key, created, key_of, repeated
from recognizer.api.lists import page_response
from recognizer.api.operations import predictions as operations
from recognizer.api.requests.images import image_of
from recognizer.api.requests.parsers import ImageParser, PictureJSONParser
from recognizer.api.requests.serializers import (
    PredictionIdsSerializer,
    ReadParameters,
    given_beside,
    single_values,
    validate_correction,
)
from recognizer.bodies.answers import (
    DeletedBody,
    PredictionBody,
    PredictionPageBody,
    ReadingBody,
    RestoredBody,
    prediction_body,
    reading_body,
)
from recognizer.bodies.expectations import expected_fields
from recognizer.bodies.plain import write
from recognizer.models import Correction, Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import ORDERS, HistoryFilter
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.reading.expected import Expected, expect_in_mode
from recognizer.services.reading.predictions import PictureReading, read_for, read_unsaved, save_reading

LIST_PARAMETERS = {*HistoryFilter.base_filters, "cursor", "page_size"}
# Made once: a serializer copies all its fields, and validation stores nothing in them.
READ_PARAMETERS = ReadParameters()


class PredictionList(Endpoint):
    parser_classes = [MultiPartParser, PictureJSONParser, ImageParser]

    @operations.list_predictions
    def get(self, request: Request) -> Response:
        check_list_parameters(request)
        filtered = HistoryFilter(request.query_params, queryset=selectors.history_for(request.user), user=request.user)
        rows = selectors.with_glyphs(filtered.qs)
        order = ORDERS[filtered.order][1]
        return page_response(
            PredictionPageBody, request, rows, order, lambda rows: [body_of(row, request) for row in rows]
        )

    @operations.create_prediction
    def post(self, request: Request) -> Response:
        data, file_name = image_of(request)
        parameters = read_parameters(request)
        decimal, name = parameters["decimal"], parameters["name"]
        if not parameters["save"]:
            key_of(request)  # an invalid key is an error here too
            mode, expected = expect_by(person(request), parameters)
            answer = read_unsaved(person(request).pk, data, mode, decimal, expected=expected)
            return Response(write(unsaved_body(answer)))
        given = [parameters["mode"] or "auto", name, *given_beside(parameters)]
        with claimed_key(request, "prediction", hashlib.sha256(data).hexdigest(), *given) as record:
            if record and record.status is not None:
                return repeated(record, lambda pk: write(body_of(prediction_with_glyphs(request, pk), request)))
            mode, expected = expect_by(person(request), parameters)
            picture_reading = read_for(person(request).pk, data, mode, decimal, expected=expected)
            prediction = save_reading(
                picture_reading,
                owner=person(request),
                data=data,
                source=Upload.Source.API,
                name=name or file_name,
                record=record,
            )
        body = prediction_body(prediction, picture_reading.reading.glyphs, request.build_absolute_uri)
        return created(record, write(body))


class PredictionDetail(Endpoint):
    @operations.get_prediction
    def get(self, request: Request, pk: Any) -> Response:
        return Response(write(body_of(prediction_with_glyphs(request, pk), request)))

    @operations.correct_prediction
    def patch(self, request: Request, pk: Any) -> Response:
        prediction = prediction_with_glyphs(request, pk)
        correct(prediction, by=person(request), **validate_correction(request.data))
        return Response(write(body_of(prediction_with_glyphs(request, pk), request)))

    @operations.delete_prediction
    def delete(self, request: Request, pk: Any) -> Response:
        bulk_actions.delete_uploads(person(request), [prediction_with_glyphs(request, pk).upload_id])
        return Response(status=204)


class PredictionBulkDelete(Endpoint):
    @operations.delete_predictions
    def post(self, request: Request) -> Response:
        predictions = selectors.predictions_for(request.user).filter(pk__in=requested_ids(request))
        uploads = set(predictions.values_list("upload", flat=True))
        bulk_actions.delete_uploads(person(request), uploads)
        return Response(write(DeletedBody(len(uploads))))


class PredictionBulkRestore(Endpoint):
    @operations.restore_predictions
    def post(self, request: Request) -> Response:
        deleted = selectors.deleted_uploads_for(request.user).filter(predictions__in=requested_ids(request))
        return Response(write(RestoredBody(bulk_actions.restore_uploads(deleted))))


def expect_by(owner: User, parameters: Mapping[str, Any]) -> tuple[Mode, Expected | None]:
    """Return the mode and what is expected by the parameters of a request."""
    return expect_in_mode(
        owner.pk, mode=parameters["mode"], preset_name=parameters["preset"], fields=parameters["expect"]
    )


def unsaved_body(read: PictureReading) -> ReadingBody:
    expected = read.expected
    return reading_body(
        read.reading,
        mode=read.mode,
        decimal=read.decimal,
        expected=expected_fields(expected.preset_name, expected.fields) if expected else expected_fields("", {}),
        latency_ms=read.latency_ms,
    )


def requested_ids(request: Request) -> list[Any]:
    ids: list[Any] = PredictionIdsSerializer.validate_body(request.data)["ids"]
    return ids


def body_of(prediction: Prediction, request: Request) -> PredictionBody:
    return prediction_body(prediction, prediction.glyphs.all(), request.build_absolute_uri)


def correct(
    prediction: Prediction,
    *,
    by: User,
    text: str = "",
    written: str = "",
    kind: str = "",
    glyphs: Sequence[Mapping[str, Any]] = (),
) -> None:
    if glyphs:
        labels = {glyph["position"]: "" if glyph["digit"] is None else str(glyph["digit"]) for glyph in glyphs}
        corrections.correct_read_glyphs(prediction=prediction, by=by, labels=labels)
    else:
        kind = kind or Correction.Kind.CORRECT
        corrections.correct(prediction=prediction, by=by, kind=kind, text=text, written=written)


def prediction_with_glyphs(request: Request, pk: Any) -> Prediction:
    return get_object_or_404(selectors.with_glyphs(selectors.detailed_predictions_for(request.user)), pk=pk)


def check_list_parameters(request: Request) -> None:
    """Raise Problem for unknown and empty parameters, which would otherwise return the unfiltered list."""
    for name, value in request.query_params.items():
        if name not in LIST_PARAMETERS:
            raise Problem("invalid", f"There is no parameter {name}: {', '.join(sorted(LIST_PARAMETERS))}.")
        if not value:
            raise Problem("invalid", f"{name} is empty.")


def read_parameters(request: Request) -> dict[str, Any]:
    """Return the validated parameters. Those of a picture sent as the body are in the query."""
    query = single_values(request.query_params)
    if query:
        READ_PARAMETERS.run_validation(query)
    body = single_values(request.data) if isinstance(request.data, Mapping) else {}
    return dict(READ_PARAMETERS.run_validation({**query, **body}))
