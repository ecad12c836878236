"""Pictures of other people that help a trainer to judge a model, of those who allow it. Others are only counted."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet

from recognizer.models import Audit, ModelVersion, Prediction, Upload
from recognizer.problems import Problem
from recognizer.queries.selectors import with_picture, with_truth
from recognizer.services.learning.consent import people_shown_to, people_with_training_consent
from recognizer.services.learning.label_doctor import DoubtfulLabel, check_labels_in
from recognizer.services.reading.rescoring import changed_predictions
from recognizer.services.security_log import Event, log_event

SHOWN = 48

Found = TypeVar("Found")
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class ShownRows(Generic[Found]):
    """The rows of other people that a trainer sees, and the numbers of all that there are."""

    rows: list[Found]
    count: int  # of people who allow it; `rows` holds the newest of them
    hidden: int  # of people who do not


def find_changed_answers(viewer: User, candidate: ModelVersion) -> ShownRows[Prediction]:
    """Return the answers of others that the candidate would change, among the pictures that they let it read.

    A version that was active has read too many pictures to be compared in a request.
    """
    if candidate.state != ModelVersion.State.CANDIDATE:
        return ShownRows([], 0, 0)
    return split_rows(viewer, changed_predictions(candidate))


def find_mistakes(viewer: User) -> ShownRows[Audit]:
    """Return the audited answers of the active model to others that were wrong, each with the truth."""
    wrong = Audit.objects.filter(stream__model__state=ModelVersion.State.ACTIVE, is_right=False)
    dated = with_picture(wrong).order_by("-chosen_at", "-id")
    return split_rows(viewer, with_truth(dated.select_related("prediction")))


def find_doubtful_labels(viewer: User) -> ShownRows[tuple[Upload, DoubtfulLabel]]:
    """Return the doubtful labels, each with its picture, among the newest digits of others that a training may learn.

    Those that their authors have affirmed are among them: a training learns them all the same.
    """
    learnt = Upload.objects.filter(owner__in=people_with_training_consent(), deleted_at=None)
    doubtful = check_labels_in(learnt.exclude(owner=viewer.pk), with_affirmed=True).doubtful
    visible = uploads_shown_to(viewer).in_bulk({each.upload_id for each in doubtful})
    shown = [(visible[each.upload_id], each) for each in doubtful if each.upload_id in visible]
    return ShownRows(shown[:SHOWN], len(shown), len(doubtful) - len(shown))


def split_rows(viewer: User, rows: QuerySet[Row]) -> ShownRows[Row]:
    """Return the rows of other people, by their column `owner`."""
    others = rows.exclude(owner=viewer.pk)
    shown = others.filter(owner__in=people_shown_to(viewer))
    count = shown.count()
    return ShownRows(list(shown[:SHOWN]), count, others.count() - count)


def uploads_shown_to(viewer: User) -> QuerySet[Upload]:
    return Upload.objects.filter(owner__in=people_shown_to(viewer), deleted_at=None)


def look_at_picture(viewer: User, key: UUID) -> Upload:
    """Return a picture of another person, and log the look. Raise a Problem (not_found) unless its owner allows it."""
    upload = uploads_shown_to(viewer).filter(pk=key).first()
    if upload is None:
        raise Problem("not_found")
    log_event(Event.TRAINER_SAW_PICTURE, account=upload.owner_id, picture=f"upload {upload.pk}")
    return upload
