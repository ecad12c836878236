"""The operations on model versions."""

from drf_spectacular.types import OpenApiTypes

from mlcore.artifact import SHIPPED
from recognizer.api.schema import FOUND, example_answer, operation
from recognizer.bodies.account import ModelVersionBody

CARD = {"version": SHIPPED.name, "seed": 1, "metrics": {"mnist_test_accuracy": 0.997}}

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
