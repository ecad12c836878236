"""Every operation in the words of the schema; the views wear them as decorators."""

from typing import Any

import django_filters as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer

from mlcore.reading.result import MODES
from recognizer.api import examples, serializers, shapes
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
    binary,
    operation,
)
from recognizer.filters import HistoryFilter

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
LISTED = ("invalid",)
LIST_PARAMETERS = (CURSOR, PAGE_SIZE)


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
    "What was read, newest first",
    answers={200: (shapes.PredictionPageSerializer, examples.PREDICTIONS)},
    parameters=[*LIST_PARAMETERS, *filter_parameters()],
    problems=LISTED,
)
create_prediction = operation(
    "predictions",
    "create_prediction",
    "Read a picture",
    request={
        "multipart/form-data": serializers.MultipartPredictionSerializer,
        "application/json": serializers.JSONPredictionSerializer,
        **dict.fromkeys(IMAGE_TYPES, OpenApiTypes.BINARY),
    },
    sent=[("application/json", {"image": examples.BASE64, "mode": "auto"})],
    answers={
        201: (shapes.PredictionSerializer, examples.PREDICTION),
        200: (shapes.ReadingSerializer, examples.READING),
    },
    parameters=[
        OpenApiParameter("mode", {"type": "string", "enum": [*MODES]}, description="Beside a picture as the body."),
        OpenApiParameter("name", {"type": "string", "maxLength": 200}, description="Beside a picture as the body."),
        OpenApiParameter("save", bool, description="`false`: answer (200), and keep nothing."),
        IDEMPOTENCY_KEY,
        LOCATION,
    ],
    problems=[*PICTURE_PROBLEMS, *KEPT_PROBLEMS],
)
get_prediction = operation(
    "predictions",
    "get_prediction",
    "One prediction",
    answers={200: (shapes.PredictionSerializer, examples.PREDICTION)},
    problems=FOUND,
)
correct_prediction = operation(
    "predictions",
    "correct_prediction",
    "Say what is true: the whole text, single digits, or a statement",
    request=PolymorphicProxySerializer(
        "Correct",
        [
            serializers.TextCorrectionSerializer,
            serializers.GlyphsCorrectionSerializer,
            serializers.StatementSerializer,
        ],
        resource_type_field_name=None,
    ),
    sent=[("application/json", {"text": "1905"})],
    answers={200: (shapes.PredictionSerializer, examples.CORRECTED)},
    problems=["invalid", "conflict", "unsupported_media_type", *FOUND],
)
delete_prediction = operation(
    "predictions",
    "delete_prediction",
    "Delete the picture and its answers",
    answers={204: (None, None)},
    problems=FOUND,
)
delete_predictions = operation(
    "predictions",
    "delete_predictions",
    "Delete many",
    request=serializers.PredictionIdsSerializer,
    sent=[("application/json", {"ids": [examples.PREDICTION["id"]]})],
    answers={200: (shapes.DeletedSerializer, examples.DELETED)},
    problems=["invalid", "unsupported_media_type"],
)
restore_predictions = operation(
    "predictions",
    "restore_predictions",
    "Bring back what was deleted",
    request=serializers.PredictionIdsSerializer,
    sent=[("application/json", {"ids": [examples.PREDICTION["id"]]})],
    answers={200: (shapes.RestoredSerializer, examples.RESTORED)},
    problems=["invalid", "unsupported_media_type"],
)

# --- What belongs to a prediction ----------------------------------------------------------------------------

get_image = operation(
    "pictures",
    "get_image",
    "The picture: upright, without metadata",
    answers=binary("image/png", "image/jpeg"),
    problems=FOUND,
)
get_thumbnail = operation("pictures", "get_thumbnail", "A small picture", answers=binary("image/jpeg"), problems=FOUND)
get_original = operation(
    "pictures", "get_original", "The bytes as they were sent", answers=binary(*IMAGE_TYPES), problems=FOUND
)
get_glyph_input = operation(
    "pictures",
    "get_glyph_input",
    "The 28×28 picture that the network saw",
    answers=binary("image/png"),
    problems=FOUND,
)
list_feature_maps = operation(
    "pictures",
    "list_feature_maps",
    "The feature maps; 202 while a worker draws them",
    answers={
        200: (shapes.FeatureMapsSerializer, examples.FEATURE_MAPS),
        202: (shapes.FeatureMapsSerializer, examples.DRAWING),
    },
    parameters=[LOCATION, RETRY_AFTER],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_feature_map = operation(
    "pictures", "get_feature_map", "All maps of one layer", answers=binary("image/png"), problems=FOUND
)

# --- Explanations --------------------------------------------------------------------------------------------

list_layers = operation(
    "explanations",
    "list_layers",
    "The layers of the network for one digit",
    answers={200: (shapes.LayersSerializer, examples.LAYERS)},
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_activations = operation(
    "explanations",
    "get_activations",
    "A layer's activations as a NumPy file",
    answers=binary("application/octet-stream"),
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_layer_map = operation(
    "explanations",
    "get_layer_map",
    "A layer's maps as one picture",
    answers=binary("image/png"),
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_explanation = operation(
    "explanations",
    "get_explanation",
    "What speaks for the answer, and for the next best",
    answers={200: (shapes.ExplanationSerializer, examples.EXPLANATION)},
    parameters=[MODEL],
    problems=[*FOUND, "model_gone", "model_unavailable"],
)
get_overlay = operation(
    "explanations",
    "get_overlay",
    "A map of the explanation, to lie on the picture",
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
BATCH_REQUEST = {"multipart/form-data": serializers.BatchFilesSerializer}

list_batches = operation(
    "batches",
    "list_batches",
    "The batches, newest first",
    answers={200: (shapes.BatchPageSerializer, examples.BATCHES)},
    parameters=LIST_PARAMETERS,
    problems=LISTED,
)
create_batch = operation(
    "batches",
    "create_batch",
    "Give many pictures, as files or as a ZIP",
    request=BATCH_REQUEST,
    answers={202: (shapes.BatchSerializer, examples.BATCH)},
    parameters=[IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
    problems=BATCH_PROBLEMS,
)
get_batch = operation(
    "batches",
    "get_batch",
    "How far a batch is",
    answers={200: (shapes.BatchSerializer, examples.BATCH)},
    problems=FOUND,
)
add_files = operation(
    "batches",
    "add_files",
    "Give more pictures to an open batch",
    request=BATCH_REQUEST,
    answers={202: (shapes.BatchSerializer, examples.BATCH)},
    parameters=[IDEMPOTENCY_KEY, LOCATION, RETRY_AFTER],
    problems=[*BATCH_PROBLEMS, "conflict", *FOUND],
)
cancel_batch = operation(
    "batches",
    "cancel_batch",
    "Read no more of it",
    answers={200: (shapes.BatchSerializer, examples.CANCELLED)},
    problems=FOUND,
)
list_batch_items = operation(
    "batches",
    "list_batch_items",
    "Its files, in the order given",
    answers={200: (shapes.BatchItemPageSerializer, examples.BATCH_ITEMS)},
    parameters=LIST_PARAMETERS,
    problems=[*LISTED, *FOUND],
)
get_batch_lines = operation(
    "batches",
    "get_batch_lines",
    "Its results, one JSON object a line",
    answers={(200, "application/jsonl"): (OpenApiTypes.STR, examples.BATCH_LINES)},
    problems=FOUND,
)
get_batch_table = operation(
    "batches",
    "get_batch_table",
    "Its results as a table",
    answers={(200, "text/csv"): (OpenApiTypes.STR, examples.BATCH_TABLE)},
    problems=FOUND,
)

# --- Models ----------------------------------------------------------------------------------------------------

list_models = operation(
    "models",
    "list_models",
    "The versions of the network",
    answers={200: (shapes.ModelVersionSerializer(many=True), examples.MODEL)},
)
get_current_model = operation(
    "models",
    "get_current_model",
    "The version that reads now",
    answers={200: (shapes.ModelVersionSerializer, examples.MODEL)},
    problems=FOUND,
)
get_model = operation(
    "models",
    "get_model",
    "One version",
    answers={200: (shapes.ModelVersionSerializer, examples.MODEL)},
    problems=FOUND,
)
get_model_card = operation(
    "models",
    "get_model_card",
    "Its card: data, recipe, seed, every figure",
    answers={200: (OpenApiTypes.OBJECT, examples.CARD)},
    problems=FOUND,
)

# --- Tokens and the person -------------------------------------------------------------------------------------

list_tokens = operation(
    "tokens",
    "list_tokens",
    "Your tokens",
    answers={200: (shapes.TokenSerializer(many=True), examples.TOKEN)},
    by_token=False,
)
create_token = operation(
    "tokens",
    "create_token",
    "Make a token; its secret is shown this once",
    request=serializers.TokenRequestSerializer,
    sent=[("application/json", {"name": "scanner", "scope": "write"})],
    answers={201: (shapes.NewTokenSerializer, examples.NEW_TOKEN)},
    parameters=[LOCATION],
    problems=["invalid", "unsupported_media_type"],
    by_token=False,
)
get_token = operation(
    "tokens",
    "get_token",
    "One token",
    answers={200: (shapes.TokenSerializer, examples.TOKEN)},
    problems=FOUND,
    by_token=False,
)
revoke_token = operation(
    "tokens",
    "revoke_token",
    "Revoke a token, at once",
    answers={204: (None, None)},
    problems=FOUND,
    by_token=False,
)
get_me = operation(
    "me", "get_me", "Who am I, and how much room is left", answers={200: (shapes.PersonSerializer, examples.PERSON)}
)
delete_me = operation(
    "me",
    "delete_me",
    "Delete my account and everything in it",
    request=serializers.PasswordSerializer,
    sent=[("application/json", {"password": "…"})],
    answers={204: (None, None)},
    problems=["invalid", "unsupported_media_type"],
    by_token=False,
)
get_export = operation(
    "me", "get_export", "My account, and my pictures with all answers, as a ZIP", answers=binary("application/zip")
)
