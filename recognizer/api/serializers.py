from typing import Any

from rest_framework import serializers

from mlcore.reading.result import MODES
from recognizer.models import Glyph, ModelVersion, Prediction


class GlyphSerializer(serializers.ModelSerializer[Glyph]):
    box = serializers.SerializerMethodField()

    class Meta:
        model = Glyph
        fields = ["box", "digit", "confidence", "probabilities"]

    def get_box(self, glyph: Glyph) -> list[int]:
        return [glyph.x, glyph.y, glyph.width, glyph.height]


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    """The fields of the command line's JSON line, and what a record adds."""

    url = serializers.HyperlinkedIdentityField("api:prediction-detail")
    model = serializers.SlugRelatedField("version", read_only=True)
    reason = serializers.SerializerMethodField()
    source = serializers.CharField(source="upload.source")
    name = serializers.CharField(source="upload.name")
    sha256 = serializers.CharField(source="upload.sha256")
    created_at = serializers.DateTimeField(source="given_at")
    correction = serializers.SerializerMethodField()
    glyphs = GlyphSerializer(many=True)

    class Meta:
        model = Prediction
        fields = [
            "id",
            "url",
            "text",
            "decision",
            "reason",
            "confidence",
            "model",
            "mode",
            "source",
            "name",
            "sha256",
            "created_at",
            "latency_ms",
            "correction",
            "glyphs",
        ]

    def get_reason(self, prediction: Prediction) -> str | None:
        return prediction.reason or None

    def get_correction(self, prediction: Prediction) -> dict[str, Any] | None:
        kind = getattr(prediction, "correction_kind", None)
        if kind is None:
            return None
        return {"kind": kind, "text": getattr(prediction, "correction_text", "")}


class PredictionRequestSerializer(serializers.Serializer[Any]):
    """What may stand beside the picture."""

    mode = serializers.ChoiceField(MODES, default="auto")
    name = serializers.CharField(max_length=200, default="", allow_blank=True)


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    class Meta:
        model = ModelVersion
        fields = ["version", "state", "digest", "created_at", "activated_at"]
