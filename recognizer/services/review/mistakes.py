"""Mistakes: audited answers that people corrected, and the second look at them."""

from django.contrib.auth.models import User
from django.db.models import OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer.models import Audit, Correction, Stream
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.counting import RowCount
from recognizer.services.history.corrections import correct


def mistakes_of(user: User, stream: Stream) -> QuerySet[Audit]:
    """Return the audited answers of a stream that were wrong, newest first, each with the truth as `true_written`."""
    mistakes = selectors.audits_for(user).filter(stream=stream, is_right=False).order_by("-chosen_at", "-id")
    return selectors.with_truth(mistakes.select_related("prediction__upload").defer("prediction__upload__strokes"))


def with_lost_mistakes(streams: QuerySet[Stream]) -> QuerySet[Stream]:
    """Add `lost_mistakes` to each stream: how many audited answers were wrong whose pictures were deleted since."""
    without = Q(prediction=None) | Q(prediction__upload__deleted_at__isnull=False)
    lost = Audit.objects.filter(without, stream=OuterRef("pk"), is_right=False)
    return streams.annotate(lost_mistakes=RowCount(lost.values("pk")))


def look_again(audit: Audit, *, by: User, is_right: bool) -> None:
    """Save what a person says of an audited answer that was corrected, at a second look."""
    if audit.prediction is None:
        raise Problem("conflict", _("The picture was removed in the meantime."))
    if is_right:
        correct(prediction=audit.prediction, by=by, kind=Correction.Kind.CONFIRM)
    else:
        audit.looked_again_at = timezone.now()
        audit.save(update_fields=["looked_again_at"])
