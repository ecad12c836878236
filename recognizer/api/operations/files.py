"""The operations on a prediction's pictures and feature maps."""

from recognizer.api.schema import FOUND, IMAGE_TYPES, LOCATION, RETRY_AFTER, answer, binary, operation
from recognizer.bodies.explanations import FeatureMapBody, FeatureMapsBody
from recognizer.bodies.plain import example_of

DRAWING_MAP = example_of(FeatureMapBody, columns=None, low=None, high=None, image_url=None)

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
