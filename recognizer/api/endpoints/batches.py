"""The endpoints of batches: many pictures are uploaded at once, and workers read them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import RETRY_SOON, Endpoint, person
from recognizer.api.idempotent import claimed_key, created, repeated
from recognizer.api.lists import page_response
from recognizer.api.operations import batches as operations
from recognizer.api.requests.serializers import BatchRequestSerializer, given_beside, single_values
from recognizer.bodies.batches import BatchBody, BatchItemPageBody, BatchPageBody, batch_body, batch_item_body
from recognizer.bodies.plain import Json, write
from recognizer.http.serving import serve_pieces
from recognizer.http.upload_handlers import check_files
from recognizer.models import Batch, BatchItem
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.pagination import SortOrder
from recognizer.services.batches import control, intake
from recognizer.services.batches.progress import NEWEST_FIRST, progress_by_batch
from recognizer.services.batches.results import batch_lines, batch_rows, item_prediction, with_predictions
from recognizer.services.exports.exports import as_csv
from recognizer.services.reading.expected import expect_in_mode

BY_POSITION = SortOrder("position", descending=False, parse=int)


class BatchList(Endpoint):
    parser_classes = [MultiPartParser]

    @operations.list_batches
    def get(self, request: Request) -> Response:
        rows = selectors.batches_for(request.user)
        return page_response(BatchPageBody, request, rows, NEWEST_FIRST, lambda rows: batch_bodies(rows, request))

    @operations.create_batch
    def post(self, request: Request) -> Response:
        parameters = batch_parameters(request)
        given = ("batch", parameters["name"], parameters["mode"] or "auto", *given_beside(parameters))
        return add_files(request, partial(new_batch, person(request), parameters), given, parameters)


class BatchFiles(Endpoint):
    """More files for an open batch, or its end without any."""

    parser_classes = [MultiPartParser]

    @operations.add_files
    def post(self, request: Request, pk: Any) -> Response:
        batch, parameters = batch_for(request, pk), batch_parameters(request)
        # Only a `close` that was sent closes a batch without files: a client may have lost its files on the way.
        closes = "close" in request.data and parameters["close"] and not {"files", "zip"} & set(request.data)
        return add_files(request, lambda: batch, ("files", str(batch.pk)), parameters, needs_files=not closes)


class BatchDetail(Endpoint):
    @operations.get_batch
    def get(self, request: Request, pk: Any) -> Response:
        body = batch_json(batch_for(request, pk), request)
        return Response(body, headers=RETRY_SOON if body["state"] == "reading" else {})


class BatchCancel(Endpoint):
    @operations.cancel_batch
    def post(self, request: Request, pk: Any) -> Response:
        batch = batch_for(request, pk)
        control.cancel_batch(batch)
        return Response(batch_json(batch, request))


class BatchItems(Endpoint):
    @operations.list_batch_items
    def get(self, request: Request, pk: Any) -> Response:
        return page_response(
            BatchItemPageBody,
            request,
            with_predictions(items_for(request, pk)),
            BY_POSITION,
            lambda rows: [batch_item_body(row, item_prediction(row), request.build_absolute_uri) for row in rows],
        )


class BatchLines(Endpoint):
    @operations.get_batch_lines
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        lines = batch_lines(items_for(request, pk), request.build_absolute_uri)
        return serve_pieces(request._request, lines, "jsonl", owner_id=person(request).pk)


class BatchTable(Endpoint):
    @operations.get_batch_table
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        rows = batch_rows(items_for(request, pk), request.build_absolute_uri)
        return serve_pieces(request._request, as_csv(rows), "csv", owner_id=person(request).pk)


def batch_for(request: Request, pk: Any) -> Batch:
    return get_object_or_404(selectors.batches_for(request.user), pk=pk)


def items_for(request: Request, pk: Any) -> QuerySet[BatchItem]:
    return selectors.batch_items_for(request.user, batch_for(request, pk))


def batch_bodies(rows: Sequence[Batch], request: Request) -> list[BatchBody]:
    progress = progress_by_batch(rows)
    return [batch_body(batch, progress[batch.pk], request.build_absolute_uri) for batch in rows]


def batch_json(batch: Batch, request: Request) -> Json:
    (body,) = batch_bodies([batch], request)
    return write(body)


def batch_parameters(request: Request) -> dict[str, Any]:
    return BatchRequestSerializer.validate_body(single_values(request.data, except_for=request.FILES))


def new_batch(owner: User, parameters: Mapping[str, Any]) -> Batch:
    """Return the unsaved batch of a request. Raise Problem if what it expects is wrong."""
    mode, expected = expect_in_mode(
        owner.pk, mode=parameters["mode"], preset_name=parameters["preset"], fields=parameters["expect"]
    )
    return intake.new_batch(
        owner=owner, name=parameters["name"], mode=mode, decimal=parameters["decimal"], expected=expected
    )


def add_files(
    request: Request,
    find_batch: Callable[[], Batch],
    given: tuple[Any, ...],
    parameters: Mapping[str, Any],
    *,
    needs_files: bool = True,
) -> Response:
    """Add the request's files to the batch. A repeated request with the same key gets the first answer again."""
    pictures, archives = uploaded_files(request, is_required=needs_files)
    hashes = [sha256_of(file) for file in (*pictures, *archives)]
    names, close = parameters["names"], parameters["close"]
    if names and len(names) != len(pictures):
        raise Problem("invalid", "`names` must have one name for each file.")
    with claimed_key(request, *given, hashes, close, *([names] if names else [])) as record:
        if record and record.status is not None:
            return repeated(
                record,
                lambda pk: batch_json(batch_for(request, pk), request),
                status=202,
                headers=RETRY_SOON,
            )
        batch = find_batch()
        named = zip(names or [file.name or "" for file in pictures], pictures, strict=True)
        intake.add_files(batch, named, archives, close=close, record=record)
    return created(record, batch_json(batch, request), status=202, headers=RETRY_SOON)


def uploaded_files(request: Request, *, is_required: bool) -> tuple[list[UploadedFile], list[UploadedFile]]:
    """Return the pictures and the archives of the request, which has either pictures or one archive."""
    pictures, archives = request.FILES.getlist("files"), request.FILES.getlist("zip")
    check_files(request._request, "The maximum is 20 MB for a picture and 200 MB for a ZIP file.")
    if is_required and not pictures and not archives:
        raise Problem("missing_file", "Send pictures in `files`, or a ZIP file in `zip`.")
    if len(archives) > 1 or (pictures and archives):
        raise Problem("bad_request", "Send either pictures or one ZIP file.")
    return pictures, archives


def sha256_of(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
