"""Many pictures at once: given here, read by the workers, fetched when they are done."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer import selectors
from recognizer.api import operations, results
from recognizer.api.bodies import batch_bodies, batch_body, batch_item_body
from recognizer.api.endpoint import Endpoint, person
from recognizer.api.idempotent import Remember, idempotent
from recognizer.api.lists import page_body
from recognizer.api.serializers import BatchRequestSerializer
from recognizer.models import Batch, BatchItem
from recognizer.pagination import SortOrder
from recognizer.problems import Problem
from recognizer.services.batches import control, intake
from recognizer.services.batches.progress import NEWEST_FIRST
from recognizer.services.batches.results import result_rows
from recognizer.services.exports.exports import csv_lines
from recognizer.uploadhandlers import allow_archive, has_oversized_file

AS_GIVEN = SortOrder("position", descending=False, parse=int)
READ_SOON = {"Retry-After": "2"}


class TakesFiles(Endpoint):
    parser_classes = [MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        allow_archive(request, "zip")
        return super().initialize_request(request, *args, **kwargs)


class BatchList(TakesFiles):
    @operations.list_batches
    def get(self, request: Request) -> Response:
        mine = selectors.batches_for(request.user)
        return Response(page_body(request, mine, NEWEST_FIRST, lambda rows: batch_bodies(rows, request)))

    @operations.create_batch
    def post(self, request: Request) -> Response:
        wanted = parameters_of(request)
        batch = intake.new_batch(owner=person(request), name=wanted["name"], mode=wanted["mode"])
        return take(request, batch, same=("batch", wanted["name"], wanted["mode"]), close=wanted["close"])


class BatchFiles(TakesFiles):
    """More of them, until the batch is closed."""

    @operations.add_files
    def post(self, request: Request, pk: Any) -> Response:
        batch = batch_for(request, pk)
        close = parameters_of(request)["close"]
        return take(request, batch, same=("files", str(batch.pk)), close=close)


class BatchDetail(Endpoint):
    @operations.get_batch
    def get(self, request: Request, pk: Any) -> Response:
        body = batch_body(batch_for(request, pk), request)
        return Response(body, headers=READ_SOON if body["state"] == "reading" else {})


class BatchCancel(Endpoint):
    @operations.cancel_batch
    def post(self, request: Request, pk: Any) -> Response:
        batch = batch_for(request, pk)
        control.cancel_batch(batch)
        return Response(batch_body(batch, request))


class BatchItems(Endpoint):
    @operations.list_batch_items
    def get(self, request: Request, pk: Any) -> Response:
        items = results.with_answers(items_for(request, pk))
        return Response(
            page_body(
                request,
                items,
                AS_GIVEN,
                lambda rows: [batch_item_body(row, results.item_prediction(row), request) for row in rows],
            )
        )


class BatchLines(Endpoint):
    @operations.get_batch_lines
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        lines = results.json_lines(items_for(request, pk))
        return StreamingHttpResponse(lines, content_type="application/jsonl")


class BatchTable(Endpoint):
    @operations.get_batch_table
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        lines = csv_lines(result_rows(batch_for(request, pk)))
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")


def batch_for(request: Request, pk: Any) -> Batch:
    return get_object_or_404(selectors.batches_for(request.user), pk=pk)


def items_for(request: Request, pk: Any) -> QuerySet[BatchItem]:
    return selectors.batch_items_for(request.user, batch_for(request, pk))


def parameters_of(request: Request) -> dict[str, Any]:
    data: Any = request.data
    wanted = BatchRequestSerializer(data=dict(data.items()))
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


@dataclass(frozen=True, slots=True)
class Files:
    """Pictures, or one archive of them."""

    pictures: list[UploadedFile]
    archives: list[UploadedFile]

    def hashes(self) -> list[str]:
        return [sha256_of(file) for file in (*self.pictures, *self.archives)]


def files_of(request: Request) -> Files:
    pictures, archives = request.FILES.getlist("files"), request.FILES.getlist("zip")
    if has_oversized_file(request._request):
        raise Problem("file_too_large", "Too large. The maximum is 20 MB for a picture and 200 MB for a ZIP file.")
    if not pictures and not archives:
        raise Problem("missing_file", "Send pictures in `files`, or a ZIP in `zip`.")
    if len(archives) > 1 or (pictures and archives):
        raise Problem("bad_request", "Send pictures or one ZIP.")
    return Files(pictures, archives)


def take(request: Request, batch: Batch, *, same: tuple[Any, ...], close: bool) -> Response:
    """The files of the request and the answer to it become one transaction: whoever repeats it after a crash finds
    all of it, or nothing."""
    files = files_of(request)

    def create(remember: Remember) -> None:
        intake.add_files(
            batch,
            [(file.name or "", file) for file in files.pictures],
            files.archives,
            close=close,
            remember=lambda: remember(batch_body(batch, request)),
        )

    return idempotent(request, (*same, files.hashes(), close), create, status=202, headers=READ_SOON)


def sha256_of(file: UploadedFile) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
