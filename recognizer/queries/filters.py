"""Filters of the history, shared by the page, the API and the exports."""

import re
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.db.models import Exists, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from mlcore.reading.result import SIGNS
from mlcore.reading.written import digits_of
from recognizer.models import ModelVersion, Prediction, Preset, Upload
from recognizer.models.prediction import Decision
from recognizer.models.upload import CHANGED_KINDS, REVIEWED_KINDS
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.pagination import SortOrder, parse_datetime

NUMBER = re.compile("[0-9 {}]+".format(re.escape("".join(SIGNS))))
DIGITS = [str(digit) for digit in range(10)]
ORDERS = {
    "-given_at": (_("Newest first"), SortOrder("given_at", descending=True, parse=parse_datetime)),
    "given_at": (_("Oldest first"), SortOrder("given_at", descending=False, parse=parse_datetime)),
    "confidence": (_("Lowest confidence first"), SortOrder("confidence", descending=False, parse=float)),
    "-confidence": (_("Highest confidence first"), SortOrder("confidence", descending=True, parse=float)),
}

Choice = partial(filters.ChoiceFilter, empty_label=_("Any"))


class DateInput(forms.DateInput):
    input_type = "date"


def model_versions(request: HttpRequest | None) -> QuerySet[ModelVersion]:
    return ModelVersion.objects.defer("card").order_by("version")


# One day inside the calendar's limits: a day is added below, and a time zone may shift the date.
FIRST_DAY, LAST_DAY = date(1, 1, 2), date(9999, 12, 30)


def start_of_day(day: date) -> datetime:
    """Return the start of the day in the current time zone, which is the person's own."""
    return timezone.make_aware(datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min))


def end_of_day(day: date) -> datetime:
    """Return the start of the day after it in the current time zone."""
    return start_of_day(min(day, LAST_DAY) + timedelta(days=1))


# Up to this many matches are looked up by their keys. With more, scanning the history until the page is full is faster.
MAX_KEYS = 500


def in_words(field: Any, value: Any) -> str:
    """Return the value of a filter as its form shows it."""
    if isinstance(value, date):
        return date_format(value, "j M Y")
    choices = getattr(field, "choices", ())
    return str(next((label for choice, label in choices if choice == value), value))


def fetch_keys(*keys: QuerySet[Any, UUID]) -> set[UUID] | None:
    """Return all keys, or None if there are more than MAX_KEYS."""
    found: set[UUID] = set()
    for each in keys:
        found.update(each[: MAX_KEYS + 1])
        if len(found) > MAX_KEYS:
            return None
    return found


def number_lookup(value: str, lookup: str) -> dict[str, str]:
    """Return the conditions on predictions and corrections for a number, with or without signs; none for other texts.

    The digits of a number with signs are a condition as well, because only they are indexed.
    """
    digits = digits_of(value)
    if not digits or not NUMBER.fullmatch(value):
        return {}
    conditions = {f"text__{lookup}": digits}
    return conditions if digits == value else conditions | {f"signed_text__{lookup}": value}


class HistoryFilter(filters.FilterSet):  # type: ignore[misc]
    """Filter for selectors.history_for(user), whose rows include their newest correction."""

    q = filters.CharFilter(label=_("Search"), method="search", max_length=100)
    text = filters.CharFilter(label=_("Read as"), method="filter_text", max_length=100)
    digit = Choice(label=_("Digit"), choices=[(d, d) for d in DIGITS], method="filter_digit")
    kind = Choice(
        label=_("Length"),
        choices=[("digit", _("One digit")), ("number", _("Several digits"))],
        method="filter_length",
    )
    decision = Choice(label=_("Decision"), choices=Decision.choices)
    corrected = Choice(
        label=_("Reviewed"),
        choices=[("yes", _("Confirmed or corrected")), ("changed", _("Corrected")), ("no", _("Not reviewed"))],
        method="filter_reviewed",
    )
    source = Choice(label=_("Source"), field_name="upload__source", choices=Upload.Source.choices)
    model = filters.ModelChoiceFilter(
        label=_("Model"),
        to_field_name="version",
        queryset=model_versions,
        empty_label=_("Any"),
    )
    preset = filters.ModelChoiceFilter(
        label=_("Preset"),
        to_field_name="name",
        queryset=Preset.objects.none(),  # replaced by those of the person who filters
        empty_label=_("Any"),
    )
    batch = filters.UUIDFilter(label=_("Batch"), field_name="upload__batch_item__batch", widget=forms.HiddenInput)
    since = filters.DateFilter(label=_("From"), method="filter_since", widget=DateInput)
    until = filters.DateFilter(label=_("To"), method="filter_until", widget=DateInput)
    ordering = Choice(
        label=_("Sort by"),
        choices=[(name, label) for name, (label, _order) in ORDERS.items()],
        method="keep_rows",
        empty_label=None,
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

    def __init__(self, data: Any, *, queryset: QuerySet[Prediction], user: selectors.User) -> None:
        super().__init__(data, queryset)
        self.user = user
        self.filters["preset"].queryset = selectors.presets_for(user)

    def search(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        """Filter by a part of the number in the prediction or a correction, or by a part of the file's name."""
        user = self.user
        contained = number_lookup(value, "contains")
        if not contained:
            keys = fetch_keys(selectors.upload_keys_by_name(user, name__icontains=value))
            return rows.filter(Q(upload__name__icontains=value) if keys is None else Q(upload__in=keys))
        corrected = selectors.corrections_by(user).filter(**contained).values_list("upload", flat=True)
        named = selectors.upload_keys_by_name(user, name__contains=value)
        keys = fetch_keys(selectors.upload_keys_by_text(user, **contained), corrected, named)
        if keys is not None:
            return rows.filter(upload__in=keys)
        return rows.filter(Q(**contained) | Q(upload__in=corrected) | Q(upload__name__contains=value))

    def filter_text(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        return rows.filter(**number_lookup(value, "exact") or {"text": value})

    def filter_digit(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        # The index is sorted by text: a search for a part of it passes every "0" before it comes to the first "7".
        alone, contained = (
            selectors.upload_keys_by_text(self.user, **condition)
            for condition in ({"text": value}, {"text__contains": value})
        )
        keys = fetch_keys(alone, contained)
        return rows.filter(Q(text__contains=value) if keys is None else Q(upload__in=keys))

    def filter_length(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        if value == "digit":
            return rows.filter(text__in=DIGITS)
        keys = fetch_keys(selectors.upload_keys_by_text(self.user, excluded=DIGITS))
        return rows.exclude(text__in=["", *DIGITS]) if keys is None else rows.filter(upload__in=keys)

    def filter_reviewed(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        if value == "no":
            return rows.filter(~Exists(selectors.standing_correction_of("upload")))
        kinds = REVIEWED_KINDS if value == "yes" else CHANGED_KINDS
        # The second condition alone is exact. The first one lets the database find few rows without a full scan.
        corrected = selectors.corrections_by(self.user).filter(kind__in=kinds).values("upload")
        return rows.filter(upload__in=corrected).filter(Q(correction_kind__in=kinds))

    # Compared with datetimes instead of `given_at__date`, because no index serves that.
    def filter_since(self, rows: QuerySet[Prediction], name: str, value: date) -> QuerySet[Prediction]:
        return rows.filter(given_at__gte=start_of_day(value))

    def filter_until(self, rows: QuerySet[Prediction], name: str, value: date) -> QuerySet[Prediction]:
        return rows.filter(given_at__lt=end_of_day(value))

    def keep_rows(self, rows: QuerySet[Prediction], name: str, value: str) -> QuerySet[Prediction]:
        return rows  # the page's cursor applies the order

    @property
    def qs(self) -> Any:
        """Return the filtered rows. Raise a Problem that names the invalid values."""
        if self.is_bound and not self.is_valid():
            raise Problem("invalid", " ".join(f"{name}: {' '.join(errors)}" for name, errors in self.errors.items()))
        return super().qs

    @property
    def chosen(self) -> list[tuple[str, str]]:
        """Return the name and the value in words of each valid filter that is set, without hidden ones."""
        data = self.form.cleaned_data if self.form.is_valid() else {}
        return [
            (str(field.label), in_words(field.field, data[field.name]))
            for field in self.form.visible_fields()
            if field.name != "ordering" and data.get(field.name)
        ]

    @property
    def order(self) -> str:
        return (self.form.cleaned_data.get("ordering") if self.is_bound else "") or "-given_at"
