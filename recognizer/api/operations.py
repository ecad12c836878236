"""The description of every operation in the schema. The views use them as decorators."""

import json
from typing import Any

import django_filters as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer

from mlcore.artifact import SHIPPED
from mlcore.reading.result import MODES
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.api import requests
from recognizer.api.schema import (
    CURSOR,
    FOUND,
    IDEMPOTENCY_KEY,
    KEPT_PROBLEMS,
    LOCATION,
    MODEL,
    PAGE_SIZE,
    PICTURE_PROBLEMS,
    RETRY_AFTER,
    answer,
    binary,
    example_answer,
    operation,
)
from recognizer.bodies.account import ModelVersionBody, NewTokenBody, PersonalExportBody, PersonBody, TokenBody
from recognizer.bodies.answers import (
    CorrectionBody,
    DeletedBody,
    PredictionBody,
    PredictionLine,
    PredictionPageBody,
    ReadingBody,
    RestoredBody,
)
from recognizer.bodies.batches import BatchBody, BatchItemPageBody, BatchPageBody
from recognizer.bodies.explanations import ExplanationBody, FeatureMapBody, FeatureMapsBody, LayersBody
from recognizer.bodies.notices import NoticePageBody
from recognizer.bodies.plain import as_cells, example_of, names_of
from recognizer.bodies.presets import PresetBody
from recognizer.bodies.problems import ErrorLine
from recognizer.bodies.quality import StreamBody
from recognizer.bodies.results import ResultRow
from recognizer.bodies.table_exports import TableExportBody
from recognizer.filters import HistoryFilter
from recognizer.models.preset import MAX_PRESET_NAME
from recognizer.services.exports.exports import csv_lines

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
LISTED = ("invalid",)
LIST_PARAMETERS = (CURSOR, PAGE_SIZE)

DRAWING_MAP = example_of(FeatureMapBody, columns=None, low=None, high=None, image_url=None)
FAILED_ROW = example_of(ResultRow, **dict.fromkeys(names_of(ResultRow))) | {
    **{"position": 2, "file": "seven.png", "state": "failed", "error": "corrupt_image", "unread": []}
}
LINES = "".join(
    f"{json.dumps({**example_of(line), 'rows': [row]})}\n"
    for line, row in ((PredictionLine, example_of(ResultRow)), (ErrorLine, FAILED_ROW))
)
TABLE = "".join(csv_lines([names_of(ResultRow), as_cells(example_of(ResultRow)).values()]))
CARD = {"version": SHIPPED.name, "seed": 1, "metrics": {"mnist_test_accuracy": 0.997}}


def filter_parameters() -> list[OpenApiParameter]:
    return [
        OpenApiParameter(name, filter_schema(one), description=str(one.label))
        for name, one in HistoryFilter.base_filters.items()
    ]


def filter_schema(one: filters.Filter) -> dict[str, Any]:
    if choices := one.extra.get("choices"):
        return {"type": "string", "enum": [str(value) for value, _label in choices]}
    if isinstance(one, filters.UUIDFilter):
        return {"type": "string", "format": "uuid"}
    if isinstance(one, filters.DateFilter):
        return {"type": "string", "format": "date"}
    return {"type": "string"}


# --- Predictions -------------------------------------------------------------------------------------------

list_predictions = operation(
    "predictions",
    "list_predictions",
    "List the predictions, newest first",
    answers={200: PredictionPageBody},
    parameters=[*LIST_PARAMETERS, *filter_parameters()],
    problems=LISTED,
)
create_prediction = operation(
    "predictions",
    "create_prediction",
    "Read a picture",
    request={
        "multipart/form-data": requests.MultipartPredictionSerializer,
        "application/json": requests.JSONPredictionSerializer,
        **dict.fromkeys(IMAGE_TYPES, OpenApiTypes.BINARY),
    },
    answers={201: PredictionBody, 200: ReadingBody},
    parameters=[
        OpenApiParameter("mode", {"type": "string", "enum": [*MODES]}, description="For a picture sent as the body."),
        OpenApiParameter(
            "decimal", {"type": "string", "enum": [*DECIMAL_MARKS]}, description="For a picture sent as the body."
        ),
        OpenApiParameter("name", {"type": "string", "maxLength": 200}, description="For a picture sent as the body."),
        OpenApiParameter(
            "preset",
            {"type": "string", "maxLength": MAX_PRESET_NAME},
            description="The name of one of your presets, for a picture sent as the body.",
        ),
        OpenApiParameter(
            "expect",
            {"type": "string"},
            description='A JSON object such as `{"digits": "5"}`, for a picture sent as the body.',
        ),
        OpenApiParameter("save", bool, description="`false`: answer with 200, and store nothing."),
        IDEMPOTENCY_KEY,
        LOCATION,
        RETRY_AFTER,
    ],
    problems=[*PICTURE_PROBLEMS, *KEPT_PROBLEMS],
)
get_prediction = operation(
    "predictions", "get_prediction", "Get a prediction", answers={200: PredictionBody}, problems=FOUND
)
correct_prediction = operation(
    "predictions",
    "correct_prediction",
    "Correct a prediction: the whole number, single digits, or a statement",
    request=PolymorphicProxySerializer(
        "Correct",
        [
            requests.TextCorrectionSerializer,
            requests.WrittenCorrectionSerializer,
            requests.GlyphsCorrectionSerializer,
            requests.StatementSerializer,
        ],
        resource_type_field_name=None,
    ),
    answers={200: answer(PredictionBody, correction=example_of(CorrectionBody))},
    problems=["invalid", "conflict", "unsupported_media_type", *FOUND],
)
delete_prediction = operation(
    "predictions", "delete_prediction", "Delete a picture with all its predictions", answers={204: None}, problems=FOUND
)
delete_predictions = operation(
    "predictions",
    "delete_predictions",
    "Delete several pictures",
    request=requests.PredictionIdsSerializer,
    answers={200: DeletedBody},
    problems=["invalid", "unsupported_media_type"],
)
restore_predictions = operation(
    "predictions",
    "restore_predictions",
    "Restore deleted pictures",
    request=requests.PredictionIdsSerializer,
    answers={200: RestoredBody},
    problems=["invalid", "unsupported_media_type"],
)

# --- Files of a prediction -------------------------------------------------------------------------------------

get_image = operation(
    "pictures",
    "get_image",
    "Get the picture, upright and without metadata",
    answers=binary("image/png", "image/jpeg"),
    problems=FOUND,
)
get_thumbnail = operation(
    "pictures", "get_thumbnail", "Get a small picture", answers=binary("image/jpeg"), problems=FOUND
)
get_original = operation(
    "pictures", "get_original", "Get the uploaded bytes", answers=binary(*IMAGE_TYPES), problems=FOUND
)
get_glyph_input = operation(
    "pictures", "get_glyph_input", "Get the network's 28×28 input", answers=binary("image/png"), problems=FOUND
)
list_feature_maps = operation(
    "pictures",
    "list_feature_maps",
    "List the feature maps; 202 while a worker draws them",
    answers={200: FeatureMapsBody, 202: answer(FeatureMapsBody, state="waiting", maps=[DRAWING_MAP])},
    parameters=[LOCATION, RETRY_AFTER],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_feature_map = operation(
    "pictures", "get_feature_map", "Get all maps of one layer", answers=binary("image/png"), problems=FOUND
)

# --- Explanations --------------------------------------------------------------------------------------------

list_layers = operation(
    "explanations",
    "list_layers",
    "List the layers of the network for one digit",
    answers={200: LayersBody},
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_activations = operation(
    "explanations",
    "get_activations",
    "Get a layer's activations as a NumPy file",
    answers=binary("application/octet-stream"),
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_layer_map = operation(
    "explanations",
    "get_layer_map",
    "Get a layer's maps as one PNG",
    answers=binary("image/png"),
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_explanation = operation(
    "explanations",
    "get_explanation",
    "Explain the answer and the second best",
    answers={200: ExplanationBody},
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_overlay = operation(
    "explanations",
    "get_overlay",
    "Get a map of the explanation as an overlay",
    answers=binary("image/png"),
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)

# --- Batches ---------------------------------------------------------------------------------------------------

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
BATCH_REQUEST = {"multipart/form-data": requests.BatchFilesSerializer}

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
    "Add files to an open batch",
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

# --- Presets ---------------------------------------------------------------------------------------------------

list_presets = operation("presets", "list_presets", "List your presets by name", answers={200: [PresetBody]})
create_preset = operation(
    "presets",
    "create_preset",
    "Create a preset: an expectation with a name",
    request=requests.PresetRequestSerializer,
    answers={201: PresetBody},
    parameters=[LOCATION],
    problems=["invalid", "conflict", "unsupported_media_type"],
)
get_preset = operation("presets", "get_preset", "Get a preset", answers={200: PresetBody}, problems=FOUND)
change_preset = operation(
    "presets",
    "change_preset",
    "Change a preset; predictions keep what was expected of them",
    request=requests.PresetChangeSerializer,
    answers={200: PresetBody},
    problems=["invalid", "unsupported_media_type", *FOUND],
)
delete_preset = operation("presets", "delete_preset", "Delete a preset", answers={204: None}, problems=FOUND)

# --- Models ----------------------------------------------------------------------------------------------------

list_models = operation("models", "list_models", "List the model versions", answers={200: [ModelVersionBody]})
get_current_model = operation(
    "models", "get_current_model", "Get the active model version", answers={200: ModelVersionBody}, problems=FOUND
)
get_model = operation("models", "get_model", "Get a model version", answers={200: ModelVersionBody}, problems=FOUND)
get_model_card = operation(
    "models",
    "get_model_card",
    "Get a model's card: data, recipe, seed, all figures",
    answers={200: example_answer(OpenApiTypes.OBJECT, CARD)},
    problems=FOUND,
)

# --- Quality ---------------------------------------------------------------------------------------------------

list_streams = operation(
    "quality",
    "list_streams",
    "List how good your answers are, by preset or mode and model version",
    answers={200: [StreamBody]},
)
get_stream = operation(
    "quality",
    "get_stream",
    "Get how good the answers of one stream are",
    answers={200: StreamBody},
    problems=FOUND,
)

# --- Tokens and the account ------------------------------------------------------------------------------------

list_tokens = operation("tokens", "list_tokens", "List your tokens", answers={200: [TokenBody]}, by_token=False)
create_token = operation(
    "tokens",
    "create_token",
    "Create a token; its secret is shown only once",
    request=requests.TokenRequestSerializer,
    answers={201: NewTokenBody},
    parameters=[LOCATION],
    problems=["invalid", "unsupported_media_type"],
    by_token=False,
)
get_token = operation("tokens", "get_token", "Get a token", answers={200: TokenBody}, problems=FOUND, by_token=False)
revoke_token = operation(
    "tokens", "revoke_token", "Revoke a token", answers={204: None}, problems=FOUND, by_token=False
)
list_notices = operation(
    "me",
    "list_notices",
    "List what Digitscribe told you, newest first",
    answers={200: NoticePageBody},
    parameters=LIST_PARAMETERS,
    problems=LISTED,
)
get_me = operation("me", "get_me", "Get the account, its usage and its quota", answers={200: PersonBody})
delete_me = operation(
    "me",
    "delete_me",
    "Close the account and delete all its data in the background",
    request=requests.PasswordSerializer,
    answers={202: None},
    problems=["invalid", "unsupported_media_type"],
    by_token=False,
)
get_export = operation(
    "me",
    "get_export",
    "Get the state of the export of your data",
    answers={200: PersonalExportBody},
    parameters=[RETRY_AFTER],
    problems=FOUND,
)
create_export = operation(
    "me",
    "create_export",
    "Write a ZIP with all your pictures and answers in the background",
    answers={
        202: answer(PersonalExportBody, state="running", done=20, finished_at=None, file_url=None),
    },
    parameters=[LOCATION, RETRY_AFTER],
    problems=["stale_login"],
)
delete_export = operation(
    "me", "delete_export", "Delete the export before it expires", answers={204: None}, problems=FOUND
)
get_export_file = operation(
    "me",
    "get_export_file",
    "Get the export; the file of a token does not name your tokens",
    answers=binary("application/zip"),
    problems=["stale_login", "conflict", *FOUND],
)
