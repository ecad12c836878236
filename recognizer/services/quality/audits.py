"""Audits: which stored answers are chosen at random, to be checked by a person who does not know it."""

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery

from mlcore.quality.audit import is_chosen
from mlcore.quality.promise import THRESHOLDS
from mlcore.quality.threshold import may_be_sure
from mlcore.reading.result import Reading
from recognizer.models import Audit, Prediction, Stream

FILLED_AT_ONCE = 2_000  # audits in one transaction


def is_audited(stream: Stream, prediction: Prediction, reading: Reading) -> bool:
    """Return whether the seeded hash chooses this answer. Answers that no threshold would call sure are left out."""
    if not may_be_sure(reading) or (prediction.decision == "unsure" and prediction.confidence < THRESHOLDS[-1]):
        return False
    return is_chosen(stream.seed, str(prediction.pk), audited_share(stream))


def audited_share(stream: Stream) -> float:
    """Return the share of answers to audit: of the stream's promise, or without a wish that of the settings."""
    return settings.AUDITED_SHARE if stream.wish is None else stream.share


def fill_texts() -> None:
    """Copy the texts of predictions into audits without one, in short transactions.

    Audits of releases before migration 0044 have none, nor have those that their processes save while a newer release
    migrates. Nobody waits for a lock: an audit that a correction holds is left to the next time.
    """
    audits = Audit.objects.exclude(prediction=None).order_by("pk").values_list("pk", "text")
    text = Subquery(Prediction.objects.filter(pk=OuterRef("prediction")).values("text"))
    rows = list(audits[:FILLED_AT_ONCE])
    while rows:
        if empty := [pk for pk, stored in rows if not stored]:
            with transaction.atomic():
                locked = Audit.objects.select_for_update(skip_locked=True).filter(pk__in=empty)
                Audit.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).update(text=text)
        rows = list(audits.filter(pk__gt=rows[-1][0])[:FILLED_AT_ONCE])
