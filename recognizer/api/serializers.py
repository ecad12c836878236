"""What may be sent: checked here, and described by these classes in the schema."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from mlcore.reading.result import MODES
from recognizer.api.fields import Digits, Key, Text, Whole, YesNo
from recognizer.models import ApiToken


class ParametersSerializer(serializers.Serializer[Any]):
    """What may stand beside the picture."""

    mode = serializers.ChoiceField(MODES, default="auto", help_text="What to look for; `auto` decides by itself.")
    name = Text(max_length=200, default="", allow_blank=True, help_text="What you call the picture.")
    save = YesNo(default=True, help_text="`false`: answer, and keep nothing.")  # type: ignore[assignment]


class MultipartPredictionSerializer(ParametersSerializer):
    image = serializers.FileField(help_text="PNG, JPEG, WebP, GIF or BMP; at most 20 MB.")


class JSONPredictionSerializer(ParametersSerializer):
    image = Text(help_text="The picture as a data URL, or its bytes in base64.")


class TokenRequestSerializer(serializers.Serializer[Any]):
    name = Text(max_length=100)
    scope = serializers.ChoiceField(ApiToken.Scope.values, default=ApiToken.Scope.READ)
    expires_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Never, if absent.")

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("This moment is over.")
        return value


class GlyphCorrectionSerializer(serializers.Serializer[Any]):
    position = Whole(min_value=0, max_value=99, help_text="Of the glyph in the answer, whatever was said of it since.")
    digit = Whole(min_value=0, max_value=9, allow_null=True, help_text="`null`: no digit.")


class TextCorrectionSerializer(serializers.Serializer[Any]):
    text = Digits(help_text="What the whole picture says.")


class GlyphsCorrectionSerializer(serializers.Serializer[Any]):
    glyphs = GlyphCorrectionSerializer(many=True, allow_empty=False, help_text="Single digits of it.")


class StatementSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["confirm", "not_a_digit", "undo"])


CORRECTIONS: dict[str, type[serializers.Serializer[Any]]] = {
    "text": TextCorrectionSerializer,
    "glyphs": GlyphsCorrectionSerializer,
    "kind": StatementSerializer,
}


def correction_in(data: Any) -> dict[str, Any]:
    """Exactly one of them."""
    said = CORRECTIONS.keys() & data.keys() if isinstance(data, dict) else set()
    if len(said) != 1:
        raise serializers.ValidationError({"non_field_errors": ["Send an object with text, glyphs or kind."]})
    wanted = CORRECTIONS[said.pop()](data=data)
    wanted.is_valid(raise_exception=True)
    return dict(wanted.validated_data)


class PredictionIdsSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=Key(), min_length=1, max_length=1000)


class BatchRequestSerializer(serializers.Serializer[Any]):
    name = Text(max_length=200, default="", allow_blank=True)
    mode = serializers.ChoiceField(MODES, default="auto")
    close = YesNo(default=True, help_text="`false`: more files follow.")


class PasswordSerializer(serializers.Serializer[Any]):
    password = Text(max_length=1000)


class BatchFilesSerializer(BatchRequestSerializer):
    files = serializers.ListField(child=serializers.FileField(), required=False, max_length=100, help_text="Pictures.")
    zip = serializers.FileField(required=False, help_text="Or one ZIP of them, at most 200 MB.")
