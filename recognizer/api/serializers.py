"""The shapes of the API: they check what is sent and describe in the schema what bodies.py answers."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from mlcore.reading.result import DECISIONS, MODES, REASONS
from recognizer.models import ApiToken, Correction, Upload


class ParametersSerializer(serializers.Serializer[Any]):
    """What may stand beside the picture."""

    mode = serializers.ChoiceField(MODES, default="auto", help_text="What to look for; `auto` decides by itself.")
    name = serializers.CharField(max_length=200, default="", allow_blank=True, help_text="What you call the picture.")
    save = serializers.BooleanField(default=True, help_text="`false`: answer, and keep nothing.")  # type: ignore[assignment]


class MultipartPredictionSerializer(ParametersSerializer):
    image = serializers.FileField(help_text="PNG, JPEG, WebP, GIF or BMP; at most 20 MB.")


class JSONPredictionSerializer(ParametersSerializer):
    image = serializers.CharField(help_text="The picture as a data URL, or its bytes in base64.")


class GlyphSerializer(serializers.Serializer[Any]):
    box = serializers.ListField(
        child=serializers.IntegerField(),
        min_length=4,
        max_length=4,
        help_text="x, y, width and height in the original's pixels, after its EXIF rotation.",
    )
    digit = serializers.IntegerField(min_value=0, max_value=9)
    confidence = serializers.FloatField(help_text="That this is a digit, and this one.")
    probabilities = serializers.ListField(
        child=serializers.FloatField(), min_length=10, max_length=10, help_text="Of the digits 0 to 9."
    )


class KeptGlyphSerializer(GlyphSerializer):
    position = serializers.IntegerField(help_text="In reading order, from 0.")
    input_url = serializers.CharField(help_text="The 28×28 picture that the network saw.")


class ReadingSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="Digits only; empty exactly when rejected.")
    decision = serializers.ChoiceField(DECISIONS)
    reason = serializers.ChoiceField(REASONS, allow_null=True, help_text="Why it is rejected or unsure.")
    confidence = serializers.FloatField(help_text="That the whole text is right.")
    model = serializers.CharField(help_text="The version that answered.")
    mode = serializers.ChoiceField(MODES)
    width = serializers.IntegerField(help_text="Of the original after its EXIF rotation, in pixels.")
    height = serializers.IntegerField()
    latency_ms = serializers.FloatField()
    glyphs: Any = GlyphSerializer(many=True)


class CorrectionSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField([kind for kind in Correction.Kind.values if kind != Correction.Kind.UNDO])
    text = serializers.CharField(allow_blank=True)


class PredictionSerializer(ReadingSerializer):
    """A reading that is kept."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    image_url = serializers.CharField(help_text="The picture: upright, without metadata, at most 1,600 pixels.")
    feature_maps_url = serializers.CharField()
    created_at = serializers.DateTimeField(help_text="When the picture was given.")
    source: Any = serializers.ChoiceField(Upload.Source.choices)
    name = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField(help_text="Of the picture's bytes as they were sent.")
    is_current = serializers.BooleanField(help_text="`false` once another model has read the picture again.")
    correction = CorrectionSerializer(allow_null=True, help_text="What a person said is true.")
    glyphs = KeptGlyphSerializer(many=True)


class TokenRequestSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scope = serializers.ChoiceField(ApiToken.Scope.choices, default=ApiToken.Scope.READ)
    expires_at = serializers.DateTimeField(default=None, allow_null=True, help_text="Never, if absent.")

    def validate_expires_at(self, value: datetime | None) -> datetime | None:
        if value and value <= timezone.now():
            raise serializers.ValidationError("This moment is over.")
        return value


class GlyphCorrectionSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField(min_value=0, max_value=99)
    digit = serializers.IntegerField(min_value=0, max_value=9, allow_null=True, help_text="`null`: no digit.")


class CorrectionRequestSerializer(serializers.Serializer[Any]):
    """Exactly one of `text`, `glyphs` and `kind`."""

    text = serializers.RegexField(r"^[0-9]{1,100}\Z", required=False, help_text="What the whole picture says.")
    glyphs = GlyphCorrectionSerializer(many=True, required=False, allow_empty=False, help_text="Single digits of it.")
    kind = serializers.ChoiceField(["confirm", "not_a_digit", "undo"], required=False)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if len(data) != 1:
            raise serializers.ValidationError("Send exactly one of text, glyphs and kind.")
        return data


class BulkDeleteSerializer(serializers.Serializer[Any]):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=1000)


class BatchRequestSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, default="", allow_blank=True)
    mode = serializers.ChoiceField(MODES, default="auto")
    close = serializers.BooleanField(default=True, help_text="`false`: more files follow.")
