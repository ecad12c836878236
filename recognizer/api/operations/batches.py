"""The operations on batches and their tables."""

import json

from drf_spectacular.types import OpenApiTypes

from recognizer.api.requests import serializers
from recognizer.api.schema import (
    FOUND,
    IDEMPOTENCY_KEY,
    KEPT_PROBLEMS,
    LIST_PARAMETERS,
    LISTED,
    LOCATION,
    RETRY_AFTER,
    answer,
    binary,
    example_answer,
    operation,
)
from recognizer.bodies.answers import PredictionLine
from recognizer.bodies.batches import BatchBody, BatchItemPageBody, BatchPageBody
from recognizer.bodies.plain import as_cells, example_of, names_of
from recognizer.bodies.problems import ErrorLine
from recognizer.bodies.results import ResultRow
from recognizer.bodies.table_exports import TableExportBody
from recognizer.services.exports.exports import csv_lines

FAILED_ROW = example_of(ResultRow, **dict.fromkeys(names_of(ResultRow))) | {
    **{"position": 2, "file": "seven.png", "state": "failed", "error": "corrupt_image", "unread": []}
}
LINES = "".join(
    f"{json.dumps({**example_of(line), 'rows': [row]})}\n"
    for line, row in ((PredictionLine, example_of(ResultRow)), (ErrorLine, FAILED_ROW))
)
TABLE = "".join(csv_lines([names_of(ResultRow), as_cells(example_of(ResultRow)).values()]))
BATCH_PROBLEMS = (
    "missing_file",
    "invalid",
    "file_too_large",
    "too_many_files",
    "archive_too_large",
    "corrupt_archive",
    "unsupported_media_type",
    *KEPT_PROBLEMS,
)
BATCH_REQUEST = {"multipart/form-data": serializers.BatchFilesSerializer}

list_batches = operation(
    "batches",
    "list_batches",
    "List the batches, newest first",
    answers={200: BatchPageBody},
    parameters=LIST_PARAMETERS,
    problems=LISTED,
)
create_batch = operation(
    "batches",
    "create_batch",
    "Create a batch from files or a ZIP",
    request=BATCH_REQUEST,
    answers={202: BatchBody},
    parameters=[IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
    problems=BATCH_PROBLEMS,
)
get_batch = operation("batches", "get_batch", "Get a batch and its progress", answers={200: BatchBody}, problems=FOUND)
add_files = operation(
    "batches",
    "add_files",
    "Add files to an open batch, or close it",
    request=BATCH_REQUEST,
    answers={202: BatchBody},
    parameters=[IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
    problems=[*BATCH_PROBLEMS, "conflict", *FOUND],
)
cancel_batch = operation(
    "batches",
    "cancel_batch",
    "Cancel a batch",
    answers={200: answer(BatchBody, state="cancelled", waiting=0, cancelled=20)},
    problems=FOUND,
)
list_batch_items = operation(
    "batches",
    "list_batch_items",
    "List a batch's files, in the order given",
    answers={200: BatchItemPageBody},
    parameters=LIST_PARAMETERS,
    problems=[*LISTED, *FOUND],
)
get_batch_lines = operation(
    "batches",
    "get_batch_lines",
    "Get a batch's results as JSON Lines",
    answers={(200, "application/jsonl"): example_answer(OpenApiTypes.STR, LINES)},
    problems=FOUND,
)
get_batch_table = operation(
    "batches",
    "get_batch_table",
    "Get a batch's results as CSV",
    answers={(200, "text/csv"): example_answer(OpenApiTypes.STR, TABLE)},
    problems=FOUND,
)

create_batch_workbook = operation(
    "batches",
    "create_batch_workbook",
    "Write a batch's results as XLSX in the background",
    answers={202: answer(TableExportBody, state="running", bytes=0, finished_at=None, file_url=None)},
    parameters=[LOCATION, RETRY_AFTER],
    problems=["storage_full", *FOUND],
)
get_table_export = operation(
    "batches",
    "get_table_export",
    "Get the state of an XLSX file",
    answers={200: TableExportBody},
    parameters=[RETRY_AFTER],
    problems=FOUND,
)
get_table_export_file = operation(
    "batches",
    "get_table_export_file",
    "Get an XLSX file",
    answers=binary("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    problems=["conflict", *FOUND],
)
