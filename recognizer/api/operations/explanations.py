"""The operations on explanations."""

from recognizer.api.schema import FOUND, MODEL, binary, operation
from recognizer.bodies.explanations import ExplanationBody, LayersBody

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
