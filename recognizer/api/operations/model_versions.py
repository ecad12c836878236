"""The operations on model versions."""

from datetime import date

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from mlcore.artifact import SHIPPED
from recognizer.api.requests import serializers
from recognizer.api.schema import FOUND, IDEMPOTENCY_KEY, LOCATION, answer, binary, example_answer, operation
from recognizer.bodies.model_versions import ModelVersionBody, PromotionListBody

CARD = {"version": SHIPPED.name, "seed": 1, "metrics": {"mnist_test_accuracy": 0.997}}

list_models = operation("models", "list_models", "List the model versions", answers={200: [ModelVersionBody]})
get_current_model = operation(
    "models", "get_current_model", "Get the active model version", answers={200: ModelVersionBody}, problems=FOUND
)
list_promotions = operation(
    "models",
    "list_promotions",
    "List which model was active when",
    answers={200: PromotionListBody},
    parameters=[
        OpenApiParameter(
            "on", date, description="A day in UTC: only the models that were active on it, the first one first."
        )
    ],
    problems=["invalid"],
)
get_model = operation("models", "get_model", "Get a model version", answers={200: ModelVersionBody}, problems=FOUND)
get_model_card = operation(
    "models",
    "get_model_card",
    "Get a model's card: data, recipe, seed, all figures",
    answers={200: example_answer(OpenApiTypes.OBJECT, CARD)},
    problems=FOUND,
)
upload_model = operation(
    "models",
    "upload_model",
    "Upload a model as a candidate. Needs the permission trainer",
    request={"multipart/form-data": serializers.ModelFileSerializer},
    answers={201: answer(ModelVersionBody, state="candidate", gate=None, replaced=None, activated_at=None)},
    parameters=[IDEMPOTENCY_KEY, LOCATION],
    problems=[
        "missing_file",
        "file_too_large",
        "unsupported_media_type",
        "model_refused",
        "conflict",
        "storage_full",
        "stale_login",
        "idempotency_key_in_use",
        "idempotency_key_reused",
    ],
)
change_model = operation(
    "models",
    "change_model",
    "Change the title and the note of a model. Needs the permission trainer",
    request=serializers.ModelChangeSerializer,
    answers={200: ModelVersionBody},
    problems=["invalid", "unsupported_media_type", *FOUND],
)
promote_model = operation(
    "models",
    "promote_model",
    "Activate a model, or go back to one. Needs the permission trainer",
    request=serializers.PromoteSerializer,
    answers={200: ModelVersionBody},
    problems=["invalid", "unsupported_media_type", "gate_not_passed", "model_unavailable", "stale_login", *FOUND],
)
retire_model = operation(
    "models",
    "retire_model",
    "Retire a candidate. Needs the permission trainer",
    answers={200: answer(ModelVersionBody, state="retired", gate=None, replaced=None, activated_at=None)},
    problems=["conflict", *FOUND],
)
download_model = operation(
    "models",
    "download_model",
    "Get the files of a model as a ZIP file. Needs the permission trainer",
    answers=binary("application/zip"),
    problems=["model_unavailable", "stale_login", *FOUND],
)
