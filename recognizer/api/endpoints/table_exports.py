"""The endpoints of XLSX files: a job writes one, its state is asked for, and the file is fetched."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from recognizer.api.endpoint import RETRY_SOON, Endpoint, person
from recognizer.api.endpoints.batches import batch_for
from recognizer.api.operations import batches as operations
from recognizer.bodies.plain import Json, write
from recognizer.bodies.table_exports import table_export_body
from recognizer.http.serving import serve_table
from recognizer.models import TableExport
from recognizer.services.exports.table_exports import request_table, tables_for


class BatchWorkbook(Endpoint):
    @operations.create_batch_workbook
    def post(self, request: Request, pk: Any) -> Response:
        batch = batch_for(request, pk)
        site = request.build_absolute_uri("/").rstrip("/")
        body = table_json(request_table(person(request), title=str(batch), site=site, batch=batch), request)
        return Response(body, 202, headers={"Location": body["url"], **RETRY_SOON})


class TableExportDetail(Endpoint):
    @operations.get_table_export
    def get(self, request: Request, pk: Any) -> Response:
        body = table_json(find_table(request, pk), request)
        return Response(body, headers=RETRY_SOON if body["state"] == TableExport.State.RUNNING else {})


class TableExportFile(Endpoint):
    @operations.get_table_export_file
    def get(self, request: Request, pk: Any) -> HttpResponseBase:
        return serve_table(request._request, find_table(request, pk))


def find_table(request: Request, pk: Any) -> TableExport:
    return get_object_or_404(tables_for(person(request)), pk=pk)


def table_json(export: TableExport, request: Request) -> Json:
    return write(table_export_body(export, request.build_absolute_uri))
