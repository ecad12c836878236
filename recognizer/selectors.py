"""The one door to people's data: every read of a page, the API or a download starts here, scoped to its owner."""

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from recognizer.models import ApiToken, Batch, BatchItem, Correction, FeatureMap, Glyph, Prediction, Upload

User = AbstractBaseUser | AnonymousUser


def uploads_for(user: User) -> QuerySet[Upload]:
    """What the person has given and not deleted."""
    return Upload.objects.filter(owner=user.pk, deleted_at=None)


def kept_uploads_for(user: User) -> QuerySet[Upload]:
    """Those too that the person has deleted, as long as they can be brought back."""
    return Upload.objects.filter(owner=user.pk)


def deleted_uploads_for(user: User) -> QuerySet[Upload]:
    """What the person has deleted and can bring back."""
    return kept_uploads_for(user).filter(deleted_at__isnull=False)


def predictions_for(user: User) -> QuerySet[Prediction]:
    """Every reading of the person's uploads, the superseded ones too."""
    return Prediction.objects.filter(owner=user.pk, upload__deleted_at=None)


def answers_for(user: User) -> QuerySet[Prediction]:
    """Every reading with its upload and what was said of it."""
    answers = predictions_for(user).select_related("upload", "model").defer("model__card", "upload__strokes")
    return with_correction(answers)


def with_correction(predictions: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """With the kind and text of the upload's newest correction."""
    newest = Correction.objects.filter(upload=OuterRef("upload")).order_by("-created_at", "-id")
    return predictions.annotate(
        correction_kind=Subquery(newest.values("kind")[:1]),
        correction_text=Subquery(newest.values("text")[:1]),
    )


def with_answer(uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    """With a list of one in `current`: the answer that the history shows."""
    current = with_correction(Prediction.objects.filter(is_current=True))
    return uploads.prefetch_related(Prefetch("predictions", current, to_attr="current"))


def history_for(user: User) -> QuerySet[Prediction]:
    """The current answer of every upload, newest first."""
    return answers_for(user).filter(is_current=True).order_by("-given_at", "-id")


def uploads_read_as(user: User, *, but: Collection[str] = (), **text: str) -> QuerySet[Prediction, UUID]:
    """Keys of the uploads whose current answer is so, deleted ones too: one index, and no other table, is read."""
    current = Prediction.objects.filter(owner=user.pk, is_current=True, text__gt="", **text)
    return current.exclude(text__in=but).values_list("upload", flat=True)


def uploads_named(user: User, **name: str) -> QuerySet[Upload, UUID]:
    """Keys of the uploads whose file was called so, deleted ones too, for the same reason."""
    return Upload.objects.filter(owner=user.pk, **name).values_list("pk", flat=True)


def corrections_by(user: User) -> QuerySet[Correction]:
    """All that the person has said, of deleted pictures too, for the same reason; it is all of their own pictures."""
    return Correction.objects.filter(by=user.pk)


def with_glyphs(predictions: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """For lists of many: without the inputs, which only a picture of them needs."""
    return predictions.prefetch_related(Prefetch("glyphs", Glyph.objects.defer("input")))


def glyphs_for(user: User) -> QuerySet[Glyph]:
    return Glyph.objects.filter(prediction__owner=user.pk, prediction__upload__deleted_at=None)


def explained_glyphs_for(user: User) -> QuerySet[Glyph]:
    """With all that an explanation needs: the model that read them, and the picture they were read from."""
    return glyphs_for(user).select_related("prediction__upload", "prediction__model").defer("prediction__model__card")


def feature_maps_for(user: User) -> QuerySet[FeatureMap]:
    return FeatureMap.objects.filter(glyph__prediction__owner=user.pk, glyph__prediction__upload__deleted_at=None)


def batches_for(user: User) -> QuerySet[Batch]:
    return Batch.objects.filter(owner=user.pk)


def batch_items_for(user: User, batch: Batch) -> QuerySet[BatchItem]:
    """In the order given, each with its upload."""
    return BatchItem.objects.filter(batch=batch, batch__owner=user.pk).select_related("upload")


def tokens_for(user: User) -> QuerySet[ApiToken]:
    """Those that were not revoked; an expired one is still to be seen."""
    return ApiToken.objects.filter(user=user.pk, revoked_at=None).order_by("-created_at", "-id")


def review_queue_for(user: User) -> QuerySet[Prediction]:
    """Answers about which nobody has said anything that stands, the least sure first."""
    unsaid = Q(correction_kind=None) | Q(correction_kind=Correction.Kind.UNDO)
    return history_for(user).filter(unsaid).order_by("confidence", "id")
