"""The shapes of what is answered, for the schema. bodies.py writes the answers; schemathesis holds the two together."""

from typing import Any

from rest_framework import serializers

from mlcore.reading.result import DECISIONS, MODES, REASONS
from recognizer.models import ApiToken, BatchItem, Correction, Job, ModelVersion, Upload
from recognizer.problems import KINDS


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
    input_url = serializers.URLField(help_text="The 28×28 picture that the network saw.")


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
    url = serializers.URLField()
    image_url = serializers.URLField(help_text="The picture: upright, without metadata, at most 1,600 pixels.")
    feature_maps_url = serializers.URLField()
    created_at = serializers.DateTimeField(help_text="When the picture was given.")
    source: Any = serializers.ChoiceField(Upload.Source.choices)
    name = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField(help_text="Of the picture's bytes as they were sent.")
    is_current = serializers.BooleanField(help_text="`false` once another model has read the picture again.")
    correction = CorrectionSerializer(allow_null=True, help_text="What a person said is true.")
    glyphs = KeptGlyphSerializer(many=True)


class PageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class PredictionPageSerializer(PageSerializer):
    results = PredictionSerializer(many=True)


class DeletedSerializer(serializers.Serializer[Any]):
    deleted = serializers.IntegerField(help_text="How many of them were yours and not deleted already.")


class RestoredSerializer(serializers.Serializer[Any]):
    restored = serializers.IntegerField(help_text="How many of their pictures were yours, deleted, and are back.")


class FeatureMapSerializer(serializers.Serializer[Any]):
    glyph = serializers.IntegerField(help_text="Its position.")
    layer = serializers.CharField()
    kind = serializers.ChoiceField(["conv", "pool"])
    shape = serializers.ListField(
        child=serializers.IntegerField(), min_length=3, max_length=3, help_text="Height, width and number of maps."
    )
    columns = serializers.IntegerField(allow_null=True, help_text="Of the picture, in maps.")
    low = serializers.FloatField(allow_null=True, help_text="The activation at the dark end of the colours.")
    high = serializers.FloatField(allow_null=True)
    image_url = serializers.URLField(allow_null=True, help_text="A PNG, once it is drawn.")


class FeatureMapsSerializer(serializers.Serializer[Any]):
    url = serializers.URLField()
    state = serializers.ChoiceField(Job.State.values)
    error = serializers.CharField(allow_null=True)
    maps = FeatureMapSerializer(many=True)


class LayerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.ChoiceField(["conv", "pool"])
    shape = serializers.ListField(child=serializers.IntegerField(), min_length=3, max_length=3)
    columns = serializers.IntegerField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    activations_url = serializers.URLField()
    map_url = serializers.URLField()


class LayersSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    layers = LayerSerializer(many=True)


class ReasonedAnswerSerializer(serializers.Serializer[Any]):
    """The maps are rows of numbers: what speaks for the digit, and (negative) against it."""

    digit = serializers.IntegerField(min_value=0, max_value=9)
    probability = serializers.FloatField()
    logit = serializers.FloatField()


class TurnSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["gap", "stroke"])
    place = serializers.CharField()
    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    decides = serializers.BooleanField()


class ExplanationSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    sentence = serializers.CharField()
    answers = ReasonedAnswerSerializer(many=True)
    turn = TurnSerializer(allow_null=True, help_text="The smallest change that makes the other digit likelier.")
    frame = serializers.ListField(
        child=serializers.FloatField(),
        min_length=4,
        max_length=4,
        help_text="Where the 28×28 lies in the picture: x, y, width, height.",
    )


class BatchSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.URLField()
    name = serializers.CharField(allow_blank=True)
    mode = serializers.ChoiceField(MODES)
    created_at = serializers.DateTimeField()
    state = serializers.ChoiceField(["open", "reading", "done", "cancelled"])
    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    items_url = serializers.URLField()
    results_jsonl_url = serializers.URLField()
    results_csv_url = serializers.URLField()


class BatchPageSerializer(PageSerializer):
    results = BatchSerializer(many=True)


class ItemErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class BatchItemSerializer(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(BatchItem.State.values)
    error = ItemErrorSerializer(allow_null=True)
    text = serializers.CharField(allow_null=True, allow_blank=True)
    decision = serializers.ChoiceField(DECISIONS, allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    prediction_url = serializers.URLField(allow_null=True)


class BatchItemPageSerializer(PageSerializer):
    results = BatchItemSerializer(many=True)


class ModelVersionSerializer(serializers.Serializer[Any]):
    version = serializers.CharField()
    url = serializers.URLField()
    card_url = serializers.URLField()
    state = serializers.ChoiceField(ModelVersion.State.values)
    digest = serializers.CharField(help_text="SHA-256 of its card, which holds those of its files.")
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.URLField()
    name = serializers.CharField()
    scope = serializers.ChoiceField(ApiToken.Scope.values)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")


class NewTokenSerializer(TokenSerializer):
    token = serializers.CharField(help_text="The secret; it is shown this once.")


class RoomSerializer(serializers.Serializer[Any]):
    pictures = serializers.IntegerField()
    bytes = serializers.IntegerField()


class PersonSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    joined_at = serializers.DateTimeField()
    scope = serializers.ChoiceField(ApiToken.Scope.values, help_text="What these credentials may do.")
    usage = RoomSerializer()
    quota = RoomSerializer()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457. `code` is stable; `title` and `detail` are words for people."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.ChoiceField(sorted(KINDS))
    errors = serializers.DictField(  # type: ignore[assignment]  # a field of this name, as the RFC has it
        required=False, help_text="By field, where values are not valid."
    )
