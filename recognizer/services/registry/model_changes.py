"""Changes that trainers make to a model version besides its activation, and the history of all of them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from recognizer.models import ModelEvent, ModelVersion, Promotion
from recognizer.problems import Problem
from recognizer.queries.filters import end_of_day, start_of_day
from recognizer.services.security_log import Event, log_event

PROMOTIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of a version's history: what was done, when, by whom, and with which words."""

    at: datetime
    what: str
    by: User | None
    text: str


def record_event(version: ModelVersion, kind: str, *, by: User, text: str = "") -> None:
    ModelEvent.objects.create(version=version, kind=kind, by=by, text=text)


@transaction.atomic
def describe_model(version: ModelVersion, *, title: str, note: str, by: User) -> None:
    """Save the title and the note that pages show beside the version's name, which never changes."""
    if title != version.title:
        record_event(version, ModelEvent.Kind.TITLED, by=by, text=title)
    if note != version.note:
        record_event(version, ModelEvent.Kind.NOTED, by=by, text=note)
    version.title, version.note = title, note
    version.save(update_fields=["title", "note"])


@transaction.atomic
def retire_model(version: ModelVersion, *, by: User) -> None:
    """Retire a candidate. It can still be activated, under the same conditions as before."""
    candidate = ModelVersion.objects.filter(pk=version.pk, state=ModelVersion.State.CANDIDATE)
    if candidate.update(state=ModelVersion.State.RETIRED):
        record_event(version, ModelEvent.Kind.RETIRED, by=by)
        log_event(Event.MODEL_RETIRED, account=by.pk, version=version.version)
        return
    version.refresh_from_db(fields=["state"])
    if version.state == ModelVersion.State.ACTIVE:
        raise Problem("conflict", _("The active model cannot be retired. Activate another one first."))


def history_of(version: ModelVersion) -> list[HistoryRow]:
    """Return what was done with a version, the newest first."""
    events = [
        HistoryRow(event.at, event.get_kind_display(), event.by, event.text)
        for event in ModelEvent.objects.filter(version=version).select_related("by")
    ]
    promotions = [
        HistoryRow(promotion.at, _("activated"), promotion.by, promotion.reason)
        for promotion in Promotion.objects.filter(version=version).select_related("by")
    ]
    return sorted([*events, *promotions], key=lambda row: row.at, reverse=True)


def newest_promotions() -> list[Promotion]:
    return list(_promotions()[:PROMOTIONS_SHOWN])


def active_on(day: date) -> list[Promotion]:
    """Return the promotions that were in force on a day of the current time zone, in order: the earliest was at its
    beginning, if a model was active then."""
    start = start_of_day(day)
    rows = _promotions()
    before = rows.filter(at__lte=start).first()
    during = rows.filter(at__gt=start, at__lt=end_of_day(day))
    return [*([before] if before else []), *reversed(during)]


def _promotions() -> QuerySet[Promotion]:
    """Return all promotions with their versions and people, the newest first."""
    cards = ("version__card", "version__gate", "previous__card", "previous__gate")
    return Promotion.objects.select_related("version", "previous", "by").defer(*cards).order_by("-at")
