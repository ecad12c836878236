"""What a history can be narrowed to: the same for the page, the API and every export."""

from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer import selectors
from recognizer.models import Correction, ModelVersion, Prediction, Upload
from recognizer.models.prediction import Decision
from recognizer.problems import Problem
from recognizer.services.history.pages import ORDERS

DIGITS = [str(digit) for digit in range(10)]
SAID = (Correction.Kind.CONFIRM, Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT)


Choice = partial(filters.ChoiceFilter, empty_label=_("Any"))


class DateInput(forms.DateInput):
    input_type = "date"


def versions(request: HttpRequest | None) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.defer("card").order_by("version")


# One off the calendar's ends: a day is added, and a zone may be another day.
FIRST_DAY, LAST_DAY = date(1, 1, 2), date(9999, 12, 30)


def midnight(day: date) -> datetime:
    """In the person's own zone."""
    return timezone.make_aware(datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min))


# What so few rows share is found by their keys; what more share, by walking down the list until its page is full.
FEW = 500


def few(*keys: QuerySet[Any, UUID]) -> set[UUID] | None:
    """All of them, or None if they are many."""
    found: set[UUID] = set()
    for each in keys:
        found.update(each[: FEW + 1])
        if len(found) > FEW:
            return None
    return found


class HistoryFilter(filters.FilterSet):  # type: ignore[misc]
    """Over selectors.history_for(user), whose rows carry their newest correction."""

    q = filters.CharFilter(label=_("Search"), method="search", max_length=100)
    text = filters.CharFilter(label=_("Read as"), field_name="text", max_length=100)
    digit = Choice(label=_("Digit"), choices=[(d, d) for d in DIGITS], method="having_digit")
    kind = Choice(
        label=_("Length"),
        choices=[("digit", _("One digit")), ("number", _("Several digits"))],
        method="of_kind",
    )
    decision = Choice(label=_("Decision"), choices=Decision.choices)
    corrected = Choice(
        label=_("Reviewed"),
        choices=[("yes", _("Confirmed or corrected")), ("changed", _("Corrected")), ("no", _("Not reviewed"))],
        method="looked_at",
    )
    source = Choice(label=_("Source"), field_name="upload__source", choices=Upload.Source.choices)
    model = filters.ModelChoiceFilter(
        label=_("Model"),
        to_field_name="version",
        queryset=versions,
        empty_label=_("Any"),
    )
    batch = filters.UUIDFilter(label=_("Batch"), field_name="upload__batch_item__batch", widget=forms.HiddenInput)
    since = filters.DateFilter(label=_("From"), method="given_since", widget=DateInput)
    until = filters.DateFilter(label=_("To"), method="given_until", widget=DateInput)
    ordering = Choice(
        label=_("Sort by"),
        choices=[(name, label) for name, (label, _order) in ORDERS.items()],
        method="unchanged",
        empty_label=None,
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

    def search(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        """Digits anywhere in the answer or in what a person said, or a part of the file's name."""
        user = self.request.user
        if not (value.isascii() and value.isdecimal()):  # no answer and no correction reads so
            keys = few(selectors.uploads_named(user, name__icontains=value))
            return rows.filter(Q(upload__name__icontains=value) if keys is None else Q(upload__in=keys))
        said = selectors.corrections_by(user).filter(text__contains=value).values_list("upload", flat=True)
        named = selectors.uploads_named(user, name__contains=value)
        keys = few(selectors.uploads_read_as(user, text__contains=value), said, named)
        if keys is not None:
            return rows.filter(upload__in=keys)
        return rows.filter(Q(text__contains=value) | Q(upload__in=said) | Q(upload__name__contains=value))

    def having_digit(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        keys = few(selectors.uploads_read_as(self.request.user, text__contains=value))
        return rows.filter(Q(text__contains=value) if keys is None else Q(upload__in=keys))

    def of_kind(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        if value == "digit":
            return rows.filter(text__in=DIGITS)
        keys = few(selectors.uploads_read_as(self.request.user, but=DIGITS))
        return rows.exclude(text__in=["", *DIGITS]) if keys is None else rows.filter(upload__in=keys)

    def looked_at(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        if value == "no":
            unsaid = Q(correction_kind=None) | Q(correction_kind=Correction.Kind.UNDO)
            return rows.filter(unsaid)
        kinds = SAID if value == "yes" else SAID[1:]
        # The second condition says all; the first one finds the few without looking at every row.
        ever = selectors.corrections_by(self.request.user).filter(kind__in=kinds).values("upload")
        return rows.filter(upload__in=ever).filter(Q(correction_kind__in=kinds))

    # Moments and not `given_at__date`, which no index serves.
    def given_since(self, rows: QuerySet[Prediction], name: str, value: date) -> QuerySet[Prediction]:
        return rows.filter(given_at__gte=midnight(value))

    def given_until(self, rows: QuerySet[Prediction], name: str, value: date) -> QuerySet[Prediction]:
        return rows.filter(given_at__lt=midnight(min(value, LAST_DAY) + timedelta(days=1)))

    def unchanged(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        return rows  # the order belongs to the page's cursor

    @property
    def qs(self) -> Any:
        """The rows, or a Problem that names what was not understood."""
        if self.is_bound and not self.is_valid():
            raise Problem("invalid", " ".join(f"{name}: {' '.join(words)}" for name, words in self.errors.items()))
        return super().qs

    @property
    def order(self) -> str:
        return (self.form.cleaned_data.get("ordering") if self.is_bound else "") or "-given_at"
