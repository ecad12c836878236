"""Selectors: querysets of one owner's data. Every page, API endpoint and download reads through them."""

from collections.abc import Collection
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from recognizer.models import (
    ApiToken,
    Audit,
    Batch,
    BatchItem,
    Correction,
    ExportLink,
    FeatureMap,
    Glyph,
    ModelVersion,
    Notice,
    Prediction,
    Preset,
    Stream,
    Upload,
)

User = AbstractBaseUser | AnonymousUser
OfUpload = TypeVar("OfUpload", Prediction, BatchItem)


def uploads_for(user: User) -> QuerySet[Upload]:
    """Return the owner's uploads without the deleted ones."""
    return Upload.objects.filter(owner=user.pk, deleted_at=None)


def stored_uploads_for(user: User) -> QuerySet[Upload]:
    """Return the owner's uploads, including deleted ones that can still be restored."""
    return Upload.objects.filter(owner=user.pk)


def deleted_uploads_for(user: User) -> QuerySet[Upload]:
    """Return the owner's deleted uploads that can be restored."""
    return stored_uploads_for(user).filter(deleted_at__isnull=False)


def predictions_for(user: User) -> QuerySet[Prediction]:
    """Return all predictions of the owner's uploads, including superseded ones."""
    return Prediction.objects.filter(owner=user.pk, upload__deleted_at=None)


def detailed_predictions_for(user: User) -> QuerySet[Prediction]:
    """Return all predictions with their uploads, models and newest corrections."""
    predictions = predictions_for(user).select_related("upload", "model").defer("model__card", "upload__strokes")
    return with_correction(predictions)


def written_form(relation: str = "") -> Coalesce:
    """Return the expression of `written` of a prediction or a correction, or of one that the relation leads to."""
    return Coalesce(NullIf(f"{relation}signed_text", Value("")), f"{relation}text")


def newest_correction_of(upload: str) -> QuerySet[Correction]:
    """Return the corrections of an outer query's upload for a subquery, of which the first one counts."""
    return Correction.objects.filter(upload=OuterRef(upload)).order_by("-created_at", "-id")


def standing_correction_of(upload: str) -> QuerySet[Correction]:
    """Return the correction of an outer query's upload that counts: the newest one, unless it is an undo.

    As `~Exists(...)`, the database joins few corrections with many rows instead of looking them up row by row.
    """
    of_upload = Correction.objects.filter(upload=OuterRef("upload"))
    newer = of_upload.filter(
        Q(created_at__gt=OuterRef("created_at")) | Q(created_at=OuterRef("created_at"), id__gt=OuterRef("id"))
    )
    current = Correction.objects.filter(upload=OuterRef(upload)).exclude(kind=Correction.Kind.UNDO)
    return current.filter(~Exists(newer))


def with_correction(rows: QuerySet[OfUpload]) -> QuerySet[OfUpload]:
    """Add the kind and the written form of the upload's newest correction to each prediction or item of a batch."""
    newest = newest_correction_of("upload")
    return rows.annotate(
        correction_kind=Subquery(newest.values("kind")[:1]),
        correction_written=Subquery(newest.values_list(written_form())[:1]),
    )


def with_correction_author(predictions: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """Add the user and the time of the newest correction, which only exports show."""
    newest = newest_correction_of("upload")
    return predictions.annotate(
        correction_by=Subquery(newest.values("by__username")[:1]),
        correction_at=Subquery(newest.values("created_at")[:1]),
    )


def with_truth(audits: QuerySet[Audit]) -> QuerySet[Audit]:
    """Add the written form of the newest correction to each audit, as `true_written`."""
    newest = newest_correction_of("prediction__upload").values_list(written_form())[:1]
    return audits.annotate(true_written=Coalesce(Subquery(newest), Value("")))


def exported(history: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """Return rows of `history_for` with what else their rows in tables show."""
    return with_correction_author(history).select_related("upload__batch_item")


def with_current_prediction(uploads: QuerySet[Upload]) -> QuerySet[Upload]:
    """Add the list `current` to each upload. It holds one row, the prediction that the history shows."""
    current = with_correction(Prediction.objects.filter(is_current=True))
    return uploads.prefetch_related(Prefetch("predictions", current, to_attr="current"))


def history_for(user: User) -> QuerySet[Prediction]:
    """Return the current prediction of every upload, newest first."""
    return detailed_predictions_for(user).filter(is_current=True).order_by("-given_at", "-id")


def upload_keys_by_text(user: User, *, excluded: Collection[str] = (), **text: str) -> QuerySet[Prediction, UUID]:
    """Return the keys of uploads by the text of their current prediction.

    Deleted uploads are included, so that the query reads one index and no other table.
    """
    current = Prediction.objects.filter(owner=user.pk, is_current=True, text__gt="", **text)
    return current.exclude(text__in=excluded).values_list("upload", flat=True)


def upload_keys_by_name(user: User, **name: str) -> QuerySet[Upload, UUID]:
    """Return the keys of uploads by the name of their file, including deleted ones for the same reason."""
    return Upload.objects.filter(owner=user.pk, **name).values_list("pk", flat=True)


def corrections_by(user: User) -> QuerySet[Correction]:
    """Return the person's corrections, all of own uploads. Deleted uploads are included for the same reason."""
    return Correction.objects.filter(by=user.pk)


def with_glyphs(predictions: QuerySet[Prediction]) -> QuerySet[Prediction]:
    """Prefetch the glyphs without their inputs, which lists do not need."""
    return predictions.prefetch_related(Prefetch("glyphs", Glyph.objects.defer("input")))


def glyphs_for(user: User) -> QuerySet[Glyph]:
    return Glyph.objects.filter(prediction__owner=user.pk, prediction__upload__deleted_at=None)


def glyphs_of(predictions: Collection[UUID]) -> QuerySet[Glyph]:
    """Return the glyphs of predictions that were fetched by a selector of their owner.

    With the owner as a condition, the database might walk through all predictions of the owner instead.
    """
    return Glyph.objects.filter(prediction__in=predictions)


def explained_glyphs_for(user: User) -> QuerySet[Glyph]:
    """Return glyphs with the model and the upload that an explanation needs."""
    return glyphs_for(user).select_related("prediction__upload", "prediction__model").defer("prediction__model__card")


def feature_maps_for(user: User) -> QuerySet[FeatureMap]:
    return FeatureMap.objects.filter(glyph__prediction__owner=user.pk, glyph__prediction__upload__deleted_at=None)


def batches_for(user: User) -> QuerySet[Batch]:
    return Batch.objects.filter(owner=user.pk)


def batch_items_for(user: User, batch: Batch) -> QuerySet[BatchItem]:
    return BatchItem.objects.filter(batch=batch, batch__owner=user.pk)


def answers_of_items_for(user: User) -> QuerySet[Prediction]:
    """Return the current prediction of the item of an outer query. An item whose upload was deleted has none.

    Written as `is_current = true`, SQLite would read each row: only an index without the other columns fits then.
    """
    deleted = deleted_uploads_for(user).values("pk")
    return Prediction.objects.filter(upload=OuterRef("upload"), is_current__in=[True]).exclude(upload__in=deleted)


def unsure_answers_for(user: User) -> QuerySet[Prediction]:
    """Return the unsure predictions of `review_queue_for` without their order, to be counted.

    Each part reads an index alone, also where there are thousands: of the uploads only those are asked for that were
    deleted or have lost their picture.
    """
    own = stored_uploads_for(user)
    unsure = Prediction.objects.filter(owner=user.pk, is_current=True, decision=Prediction.Decision.UNSURE)
    unreviewed = unsure.filter(~Exists(standing_correction_of("upload")))
    return unreviewed.exclude(upload__in=deleted_uploads_for(user).values("pk")).exclude(
        upload__in=own.filter(original="").values("pk")
    )


def unsure_items_for(user: User, batches: Collection[Batch]) -> QuerySet[BatchItem]:
    """Return the items of batches whose answer is one of `unsure_answers_for`."""
    unsure = unsure_answers_for(user).filter(upload=OuterRef("upload"))
    return BatchItem.objects.filter(Exists(unsure), batch__in=batches).order_by()


def tokens_for(user: User) -> QuerySet[ApiToken]:
    """Return the tokens that were not revoked, including expired ones."""
    return ApiToken.objects.filter(user=user.pk, revoked_at=None).order_by("-created_at", "-id")


def export_links_for(user: User) -> QuerySet[ExportLink]:
    return ExportLink.objects.filter(owner=user.pk).order_by("-created_at", "-id")


def presets_for(user: User) -> QuerySet[Preset]:
    """Return the presets by name."""
    return Preset.objects.filter(owner=user.pk).order_by("name", "id")


def notices_for(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(owner=user.pk)


def streams_for(user: User) -> QuerySet[Stream]:
    return Stream.objects.filter(owner=user.pk).order_by("-created_at", "-id")


def audits_for(user: User) -> QuerySet[Audit]:
    """Return the audits of the owner's pictures without those of deleted and removed ones."""
    return with_picture(Audit.objects.filter(owner=user.pk))


def with_picture(audits: QuerySet[Audit]) -> QuerySet[Audit]:
    """Return those audits whose picture was neither deleted nor removed with its answer."""
    return audits.filter(prediction__isnull=False, prediction__upload__deleted_at=None)


def waiting_audits(audits: QuerySet[Audit]) -> QuerySet[Audit]:
    """Return those audits that a person can still answer: their picture was neither deleted nor removed."""
    return with_picture(audits.filter(is_right=None)).exclude(prediction__upload__original="")


def audits_to_review_for(user: User) -> QuerySet[Audit]:
    """Return the audits that nobody has answered, the oldest first. Those of replaced models count no longer."""
    waiting = waiting_audits(audits_for(user)).filter(stream__model__state=ModelVersion.State.ACTIVE)
    return waiting.order_by("chosen_at", "id")


def review_queue_for(user: User) -> QuerySet[Prediction]:
    """Return current predictions with a picture and without a current correction, the least confident first."""
    unreviewed = history_for(user).filter(~Exists(standing_correction_of("upload")))
    return unreviewed.exclude(upload__original="").order_by("confidence", "id")
