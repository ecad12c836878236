"""The verdicts of people on audited answers, which their corrections give."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Greatest

from recognizer.models import Audit, Correction, StreamMonth, Upload
from recognizer.services.quality.promises import update_promises
from recognizer.services.quality.streams import month_of

CHANGED_KINDS = (Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT)


def note_corrections(rows: Sequence[Correction]) -> None:
    """Answer the audits of the corrected pictures, and count corrected answers. Call it before the rows are saved.

    A correction speaks of the picture. So it answers every audit of the picture, whichever answer was shown.
    """
    by_upload = {row.upload_id: row for row in rows}
    count_corrected(by_upload)
    answered: set[UUID] = set()
    audits = Audit.objects.filter(prediction__upload__in=by_upload).select_related("prediction")
    changed = []
    for audit in audits:
        row = by_upload[audit.prediction.upload_id]
        is_right = None if row.kind == Correction.Kind.UNDO else row.written == audit.prediction.written
        if is_right != audit.is_right:
            audit.is_right, audit.looked_again_at = is_right, None
            changed.append(audit)
            answered.add(audit.stream_id)
    Audit.objects.bulk_update(changed, ["is_right", "looked_again_at"])
    update_promises(answered)


def count_corrected(by_upload: dict[UUID, Correction]) -> None:
    """Change the number of corrected answers of the streams' months by what these corrections change."""
    newest = Correction.objects.filter(upload=OuterRef("pk")).order_by("-created_at", "-id")
    kinds = dict(Upload.objects.filter(pk__in=by_upload).values_list("pk", Subquery(newest.values("kind")[:1])))
    added: Counter[tuple[UUID, date]] = Counter()
    for upload_id, row in by_upload.items():
        change = (row.kind in CHANGED_KINDS) - (kinds.get(upload_id) in CHANGED_KINDS)
        if change and row.prediction.stream_id:
            added[row.prediction.stream_id, month_of(row.prediction.created_at)] += change
    for (stream_id, month), change in added.items():
        StreamMonth.objects.get_or_create(stream_id=stream_id, month=month)
        # An answer that was read again since may be undone in another month than it was corrected in.
        corrected = Greatest(F("corrected") + change, 0)
        StreamMonth.objects.filter(stream=stream_id, month=month).update(corrected=corrected)
