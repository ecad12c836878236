"""The verdicts of people on audited answers, which their corrections give."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Greatest, Least

from recognizer.models import Audit, Correction, Prediction, StreamMonth
from recognizer.queries import selectors
from recognizer.queries.selectors import written_form
from recognizer.services.quality.promises import update_promises
from recognizer.services.quality.streams import month_of


def note_corrections(rows: Sequence[Correction]) -> None:
    """Answer the audits of the corrected pictures, and count corrected answers. Call it before the rows are saved.

    A correction speaks of the picture. So it answers every audit of the picture, whichever answer was shown. Of several
    rows of one picture the last one counts: an undo and the correction that it restores are one verdict.
    """
    by_upload = {row.upload_id: row for row in rows}
    count_corrected(by_upload)
    answered: set[UUID] = set()
    audited = Prediction.objects.filter(upload__in=by_upload, audit__isnull=False).select_related("audit")
    changed = []
    for prediction in audited:
        row, audit = by_upload[prediction.upload_id], prediction.audit
        is_right = None if row.kind == Correction.Kind.UNDO else row.written == prediction.written
        if is_right != audit.is_right:
            audit.is_right, audit.looked_again_at = is_right, None
            changed.append(audit)
            answered.add(audit.stream_id)
    Audit.objects.bulk_update(changed, ["is_right", "looked_again_at"])
    update_promises(answered)


def count_corrected(by_upload: dict[UUID, Correction]) -> None:
    """Change the number of corrected answers of the streams' months by what these corrections change.

    A picture was counted with its first answer, in the month of that answer. The answer counts as corrected while
    people say another number, whichever answer they were shown.
    """
    answers = selectors.with_correction(Prediction.objects.filter(upload__in=by_upload)).order_by("created_at", "id")
    columns = "upload", "stream", "created_at", "correction_kind", "correction_written"
    added: Counter[tuple[UUID, date]] = Counter()
    counted: set[UUID] = set()
    for upload_id, stream_id, at, kind, said, answered in answers.values_list(*columns, written_form()):
        if upload_id in counted:
            continue
        counted.add(upload_id)
        row = by_upload[upload_id]
        change = contradicts(row.kind, row.written, answered) - contradicts(kind, said, answered)
        if change and stream_id:
            added[stream_id, month_of(at)] += change
    for (stream_id, month), change in added.items():
        # Earlier releases counted a correction in the month of the answer that was shown: here one too few or too many.
        corrected = Least(Greatest(F("corrected") + change, 0), F("sure") + F("unsure") + F("rejected"))
        StreamMonth.objects.filter(stream=stream_id, month=month).update(corrected=corrected)


def contradicts(kind: str | None, said: str | None, answered: str) -> bool:
    """Return whether a correction says another number than the answer."""
    return kind not in (None, Correction.Kind.UNDO) and said != answered
