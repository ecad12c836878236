"""The operations on presets."""

from recognizer.api.requests import serializers
from recognizer.api.schema import FOUND, LOCATION, operation
from recognizer.bodies.presets import PresetBody

list_presets = operation("presets", "list_presets", "List your presets by name", answers={200: [PresetBody]})
create_preset = operation(
    "presets",
    "create_preset",
    "Create a preset: an expectation with a name",
    request=serializers.PresetRequestSerializer,
    answers={201: PresetBody},
    parameters=[LOCATION],
    problems=["invalid", "conflict", "unsupported_media_type"],
)
get_preset = operation("presets", "get_preset", "Get a preset", answers={200: PresetBody}, problems=FOUND)
change_preset = operation(
    "presets",
    "change_preset",
    "Change a preset; predictions keep what was expected of them",
    request=serializers.PresetChangeSerializer,
    answers={200: PresetBody},
    problems=["invalid", "unsupported_media_type", *FOUND],
)
delete_preset = operation("presets", "delete_preset", "Delete a preset", answers={204: None}, problems=FOUND)
