"""Own answers that a candidate would change: it reads a sample of one's own pictures, beside their answers."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from recognizer.models import Job, ModelVersion, Prediction, Upload
from recognizer.queries import selectors
from recognizer.services.account_state import require_open_account
from recognizer.services.reading.rescoring import changed_predictions, rescore, uploads_to_read
from recognizer.services.space.reservation import require_room

SAMPLE = 300  # of the newest pictures
SHOWN = 100


@dataclass(frozen=True, slots=True)
class AnswerChanges:
    """The answers that would change for a person if a candidate were activated."""

    compared: int  # pictures that both models have read
    waiting: int  # that the candidate is about to read
    unread: int  # of the newest ones, that it has not been asked to read
    changed: list[Prediction]  # by the candidate, with the answer before as `before_written` and `before_decision`
    count: int  # of all that would change


def compare_answers(user: User, candidate: ModelVersion) -> int:
    """Queue the newest pictures of the person that the candidate has not read, and return their number."""
    require_open_account(user.pk)
    require_room(user.pk)
    unasked = newest_unread(user, candidate).exclude(pk__in=waiting_for(user, candidate))
    return rescore(unasked, candidate, asked_by=user.pk)


def find_answer_changes(user: User, candidate: ModelVersion) -> AnswerChanges:
    waiting = waiting_for(user, candidate)
    changed = changed_predictions(candidate).filter(owner=user.pk)
    return AnswerChanges(
        compared=selectors.predictions_for(user).filter(model=candidate).count(),
        waiting=len(waiting),
        unread=newest_unread(user, candidate).exclude(pk__in=waiting).count(),
        changed=list(changed[:SHOWN]),
        count=changed.count(),
    )


def newest_unread(user: User, candidate: ModelVersion) -> QuerySet[Upload]:
    newest = (
        selectors.uploads_for(user).exclude(original="").order_by("-created_at", "-id").values_list("pk", flat=True)
    )
    return uploads_to_read(candidate, Upload.objects.filter(pk__in=list(newest[:SAMPLE])))


def waiting_for(user: User, candidate: ModelVersion) -> set[str]:
    """Return the keys of the person's pictures that wait to be read by the candidate."""
    unfinished = Job.objects.filter(kind=Job.Kind.RESCORE, state__in=[Job.State.WAITING, Job.State.RUNNING])
    own = unfinished.filter(payload__version=str(candidate.pk), payload__asked_by=user.pk)
    return {key for ids in own.values_list("payload__ids", flat=True) for key in ids}
