"""The bodies of requests: each serializer validates one, describes it in the schema and carries its example."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from mlcore.reading.expectations.expectation_text import FIELDS
from mlcore.reading.files.header import PICTURE_FORMATS
from mlcore.reading.result import MAX_GLYPHS, MODES
from mlcore.reading.written import DECIMAL_MARKS
from recognizer.api.requests.bounded_json import parse_json
from recognizer.api.requests.fields import BoundedList, Digits, Key, RequestSerializer, Text, Whole, YesNo
from recognizer.bodies.answers import PREDICTION_ID
from recognizer.models import ApiToken
from recognizer.models.prediction import MAX_WRITTEN
from recognizer.models.preset import MAX_PRESET_NAME
from recognizer.problems import Problem
from recognizer.services.reading.presets import MAX_STORED

MAX_EXPECT_TOKENS = 200  # of a JSON text with an expectation


MODE_HELP = (
    "What the picture holds: `digit` takes all ink for one digit, `number` reads one line, `auto` chooses between the"
    " two, and `lines` does the same but reads every line. `auto` and `number` keep one line; where there are more,"
    " the decision is `unsure` and the reason `several_lines`. Without it the mode of the preset counts, or `auto`."
)
DECIMAL_HELP = (
    "The decimal mark, which settles whether `1.234` is a thousand or about one. Without it, the account's setting"
    " counts."
)


PRESET_HELP = "The name of one of your presets. Its fields count where `expect` has none of the same name."
EXPECT_HELP = (
    "What the number is expected to look like. A form field or a query parameter holds the same object as JSON text."
)


class ExpectedText(Text):
    """A field of an expectation."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, max_length=MAX_STORED, **options)


@extend_schema_field({"type": ["string", "number"], "maxLength": MAX_STORED})
class ExpectedNumber(ExpectedText):
    def to_internal_value(self, data: Any) -> str:
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        return super().to_internal_value(str(data) if is_number else data)


@extend_schema_field({"type": ["string", "boolean"], "maxLength": MAX_STORED})
class ExpectedYesNo(ExpectedText):
    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value({True: "yes", False: "no"}[data] if isinstance(data, bool) else data)


@extend_schema_field({"type": ["string", "array"], "items": {"type": "string"}, "maxLength": MAX_STORED})
class ExpectedList(ExpectedText):
    def to_internal_value(self, data: Any) -> str:
        is_list = isinstance(data, list) and all(isinstance(each, str) for each in data)
        return super().to_internal_value("|".join(data) if is_list else data)


EXPECT_TYPES: dict[str, type[ExpectedText]] = {
    "sign": ExpectedYesNo,
    "values": ExpectedList,
    "pattern": ExpectedText,
    "check": ExpectedText,
}
NO_FIELD = f"There is no such field. There are: {', '.join(FIELDS)}."


class ExpectSerializer(RequestSerializer):
    """The expectation of a number. Which fields are right is checked with the preset beside them."""

    example = {"digits": "5", "previous": "12345", "step": "300"}

    def get_fields(self) -> dict[str, Any]:
        return {name: EXPECT_TYPES.get(name, ExpectedNumber)(help_text=text) for name, text in FIELDS.items()}

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if isinstance(data, str):  # of a form or a query
            with suppress(ValueError, RecursionError):
                data = parse_json(data.encode(), max_tokens=MAX_EXPECT_TOKENS) if data else {}
        if not isinstance(data, dict):
            raise serializers.ValidationError('Send a JSON object such as {"digits": "5"}.')
        unknown = {name if name.isprintable() else "": [NO_FIELD] for name in data if name not in FIELDS}
        if unknown:
            raise serializers.ValidationError(unknown)
        return dict(super().to_internal_value(data))


class ExpectedSerializer(RequestSerializer):
    """The base of bodies that may expect something of the numbers."""

    preset = Text(max_length=MAX_PRESET_NAME, default="", allow_blank=True, help_text=PRESET_HELP)
    expect = ExpectSerializer(default=dict, help_text=EXPECT_HELP)


def given_beside(parameters: Mapping[str, Any]) -> list[Any]:
    """Return the optional parameters that a request has beside its picture, for its Idempotency-Key."""
    given = [{name: parameters[name], "mode": parameters["mode"]} for name in ("preset", "expect") if parameters[name]]
    return [parameters["decimal"], *given] if parameters["decimal"] or given else []


def single_values(data: Any, *, except_for: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of a form or a query. Raise Problem if one occurs twice, since only the last would count."""
    if isinstance(data, MultiValueDict):
        for name, values in data.lists():
            if len(values) > 1 and name not in except_for:
                raise Problem("bad_request", f"Send the field {name} once.")
    return dict(data.items())


class ReadParameters(ExpectedSerializer):
    """The parameters beside a picture."""

    mode = serializers.ChoiceField(MODES, default=None, help_text=MODE_HELP)
    decimal = serializers.ChoiceField(DECIMAL_MARKS, default=None, help_text=DECIMAL_HELP)
    name = Text(max_length=200, default="", allow_blank=True, help_text="Your name for the picture.")
    save = YesNo(  # type: ignore[assignment]  # the name of a method of all serializers
        default=True, help_text="`false`: answer, and store nothing."
    )


class MultipartPredictionSerializer(ReadParameters):
    image = serializers.FileField(help_text=f"{PICTURE_FORMATS}; at most 20 MB.")


class JSONPredictionSerializer(ReadParameters):
    example = {"image": "data:image/png;base64,iVBORw0KGgo…", "mode": "auto"}

    image = Text(help_text="The picture as a data URL, or its bytes in base64.")


class TokenRequestSerializer(RequestSerializer):
    example = {"name": "scanner", "scope": "write"}

    name = Text(max_length=100)
    scope = serializers.ChoiceField(ApiToken.Scope.values, default=ApiToken.Scope.READ)
    expires_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Never, if absent.")

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("This time is in the past.")
        return value


class GlyphCorrectionSerializer(RequestSerializer):
    position = Whole(min_value=0, max_value=MAX_GLYPHS - 1, help_text="The glyph's position in the answer.")
    digit = Whole(min_value=0, max_value=9, allow_null=True, help_text="`null`: not a digit.")


class TextCorrectionSerializer(RequestSerializer):
    example = {"text": "1905"}

    text = Digits(
        help_text="The digits of the whole picture, lines joined by line feeds. The signs between as many digits stay."
    )


class WrittenCorrectionSerializer(RequestSerializer):
    example = {"written": "-12.50"}

    written = Text(max_length=MAX_WRITTEN, help_text="The number with its signs, its lines joined by line feeds.")


class GlyphsCorrectionSerializer(RequestSerializer):
    glyphs = GlyphCorrectionSerializer(  # type: ignore[call-arg]  # the stubs do not know that `many` makes a list
        many=True, allow_empty=False, max_length=MAX_GLYPHS, help_text="The digits of single glyphs."
    )

    def validate_glyphs(self, glyphs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({glyph["position"] for glyph in glyphs}) < len(glyphs):
            raise serializers.ValidationError("Send each position once.")
        return glyphs


class StatementSerializer(RequestSerializer):
    kind = serializers.ChoiceField(["confirm", "not_a_digit", "undo"])


CORRECTIONS: dict[str, type[RequestSerializer]] = {
    "text": TextCorrectionSerializer,
    "written": WrittenCorrectionSerializer,
    "glyphs": GlyphsCorrectionSerializer,
    "kind": StatementSerializer,
}


def validate_correction(data: Any) -> dict[str, Any]:
    """Return the validated values of a correction, which has exactly one of the four forms."""
    forms = CORRECTIONS.keys() & data.keys() if isinstance(data, dict) else set()
    if len(forms) != 1:
        raise serializers.ValidationError({"non_field_errors": ["Send an object with text, written, glyphs or kind."]})
    return CORRECTIONS[forms.pop()].validate_body(data)


class PredictionIdsSerializer(RequestSerializer):
    example = {"ids": [PREDICTION_ID]}

    ids = BoundedList(child=Key(), min_length=1, max_length=1000)


CLOSE_HELP = "`false`: more files follow. A request that adds no files to an open batch closes it with `true`."


class BatchRequestSerializer(ExpectedSerializer):
    name = Text(max_length=200, default="", allow_blank=True)
    mode = serializers.ChoiceField(MODES, default=None, help_text=MODE_HELP)
    decimal = serializers.ChoiceField(DECIMAL_MARKS, default=None, help_text=DECIMAL_HELP)
    close = YesNo(default=True, help_text=CLOSE_HELP)
    names = Text(
        max_length=100_000,
        default="",
        allow_blank=True,
        help_text="A JSON list with the names of `files` in their order, for names with folders, which clients drop.",
    )

    def validate_names(self, text: str) -> list[str]:
        try:
            names = json.loads(text) if text else []
        except (ValueError, RecursionError) as error:
            raise serializers.ValidationError("Not JSON.") from error
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise serializers.ValidationError("Not a list of names.")
        return names


class BatchFilesSerializer(BatchRequestSerializer):
    files = serializers.ListField(child=serializers.FileField(), required=False, max_length=100, help_text="Pictures.")
    zip = serializers.FileField(required=False, help_text="Or one ZIP of them, at most 200 MB.")


class PresetRequestSerializer(RequestSerializer):
    example = {"name": "Water meter", "mode": "number", "expect": {"digits": "5", "step": "300"}}

    name = Text(max_length=MAX_PRESET_NAME)
    mode = serializers.ChoiceField(MODES, default="auto")
    expect = ExpectSerializer()


class PresetChangeSerializer(RequestSerializer):
    example = {"expect": {"digits": "6", "step": "300"}}

    name = Text(max_length=MAX_PRESET_NAME, required=False)
    mode = serializers.ChoiceField(MODES, required=False)
    expect = ExpectSerializer(required=False, help_text="All fields: those that are missing are removed.")


class ModelFileSerializer(RequestSerializer):
    file = serializers.FileField(help_text="A ZIP file with the files of a model, at most 20 MB.")


class ModelChangeSerializer(RequestSerializer):
    example = {"title": "Water meters", "note": "Trained with the pictures of March."}

    title = Text(max_length=60, required=False, allow_blank=True)
    note = Text(max_length=1_000, required=False, allow_blank=True)


class PromoteSerializer(RequestSerializer):
    example = {"reason": "It reads our forms better."}

    reason = Text(
        max_length=200,
        default="",
        allow_blank=True,
        help_text="Why it is activated although the comparison does not speak for it. It is kept.",
    )


class PasswordSerializer(RequestSerializer):
    example = {"password": "…"}

    password = Text(max_length=1000)
