"""The operations on predictions."""

from typing import Any

import django_filters as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer

from mlcore.reading.result import MODES
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.api.requests import serializers
from recognizer.api.schema import (
    FOUND,
    IDEMPOTENCY_KEY,
    IMAGE_TYPES,
    KEPT_PROBLEMS,
    LIST_PARAMETERS,
    LISTED,
    LOCATION,
    PICTURE_PROBLEMS,
    RETRY_AFTER,
    answer,
    operation,
)
from recognizer.bodies.answers import (
    CorrectionBody,
    DeletedBody,
    PredictionBody,
    PredictionPageBody,
    ReadingBody,
    RestoredBody,
)
from recognizer.bodies.plain import example_of
from recognizer.models.preset import MAX_PRESET_NAME
from recognizer.queries.filters import HistoryFilter


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
        "multipart/form-data": serializers.MultipartPredictionSerializer,
        "application/json": serializers.JSONPredictionSerializer,
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
            serializers.TextCorrectionSerializer,
            serializers.WrittenCorrectionSerializer,
            serializers.GlyphsCorrectionSerializer,
            serializers.StatementSerializer,
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
    request=serializers.PredictionIdsSerializer,
    answers={200: DeletedBody},
    problems=["invalid", "unsupported_media_type"],
)
restore_predictions = operation(
    "predictions",
    "restore_predictions",
    "Restore deleted pictures",
    request=serializers.PredictionIdsSerializer,
    answers={200: RestoredBody},
    problems=["invalid", "unsupported_media_type"],
)
