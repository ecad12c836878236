"""The table of a batch: its items in an order, filtered and searched, one page at a time.

A subquery finds the positions of the items of a page, mostly in indexes. Only these items are joined with their answers
and corrections.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User as Account
from django.db import transaction
from django.db.models import CharField, Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat, Length, Right
from django.utils.translation import gettext_lazy as _

from mlcore.reading.written import find_value
from recognizer.models import Batch, BatchItem, Correction, Prediction
from recognizer.models.prediction import MAX_TEXT, ExpectedMixin
from recognizer.models.upload import CHANGED_KINDS, REVIEWED_KINDS
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.queries.filters import number_lookup
from recognizer.queries.selectors import User
from recognizer.services.history.correction_lock import lock_corrections
from recognizer.services.history.corrections import correct

ROWS_ON_PAGE = 100
NATURAL_ORDER = ("sort_key", "position")

# The text behind its length: numbers of equal length are in the order of their digits.
LENGTH_DIGITS = len(str(MAX_TEXT))
PADDED_LENGTH = Right(Concat(Value("0" * LENGTH_DIGITS), Cast(Length("text"), CharField())), LENGTH_DIGITS)
NUMBER_KEY = Concat(PADDED_LENGTH, "text")
# Each with what it needs of the answers, if it needs anything.
ORDERS = {
    "name": (_("Name"), None, [F("sort_key").asc()]),
    "-name": (_("Name, descending"), None, [F("sort_key").desc()]),
    "certainty": (_("Least certain first"), "confidence", [F("answer").asc(nulls_last=True)]),
    "-certainty": (_("Most certain first"), "confidence", [F("answer").desc(nulls_last=True)]),
    "number": (_("Number"), NUMBER_KEY, [F("answer").asc(nulls_last=True)]),
    "-number": (_("Number, descending"), NUMBER_KEY, [F("answer").desc(nulls_last=True)]),
    "state": (_("State"), "decision", [F("state").asc(), F("answer").asc(nulls_last=True)]),
    "added": (_("In the order given"), None, [F("position").asc()]),
}
SHOWN = {
    "": _("All files"),
    "unsure": _("Unsure"),
    "read": _("Sure"),
    "rejected": _("No digit"),
    "open": _("Not reviewed"),
    "reviewed": _("Confirmed or corrected"),
    "changed": _("Corrected"),
    "failed": _("Failed"),
    "waiting": _("Waiting"),
}

COLUMNS = (
    *("position", "name", "page", "state", "error_code", "upload"),
    *("read__text", "read__signed_text", "read__confidence", "read__decision", "read__decimal", "read__expected"),
    *("correction_kind", "correction_written"),
)


@dataclass(frozen=True, slots=True)
class TableAnswer(ExpectedMixin):
    """The current answer of a file, with its correction."""

    upload_id: UUID
    written: str
    confidence: float
    decision: str
    decimal: str
    expected: Any
    kind: str  # of the correction that counts; empty if there is none
    final: str  # the number that counts, lines joined by line feeds

    @property
    def value(self) -> str | None:
        return find_value(self.final, self.decimal_rule)

    @property
    def has_one_line(self) -> bool:
        return "\n" not in self.final + self.written

    @property
    def is_confirmed_by_enter(self) -> bool:
        return self.decision == Prediction.Decision.UNSURE and not self.kind


@dataclass(frozen=True, slots=True)
class TableRow:
    """One file of the table, with its answer if it has one."""

    position: int
    name: str
    page: int | None
    state: str
    error_code: str
    answer: TableAnswer | None
    typed: str | None = None  # a number that was refused


@dataclass(frozen=True)
class TablePage:
    """One page of the table."""

    rows: list[TableRow]
    number: int
    count: int  # of pages


def table_page(
    user: User,
    batch: Batch,
    *,
    total: int,
    order: str = "name",
    shown: str = "",
    search: str = "",
    page: int = 1,
    typed: Mapping[UUID, str] = MappingProxyType({}),
) -> TablePage:
    """Return a page of the table; the nearest one if it does not exist.

    `total` counts all items of the batch. `typed` holds numbers that were refused.
    """
    all_items = selectors.batch_items_for(user, batch)
    items = filter_items(user, all_items, shown, search.strip())
    found = items.count() if shown or search.strip() else total
    count = max(1, -(-found // ROWS_ON_PAGE))
    number = min(max(page, 1), count)
    start = ROWS_ON_PAGE * (number - 1)
    positions = order_items(user, items, order).values("position")[start : start + ROWS_ON_PAGE]
    rows = table_rows(order_items(user, all_items.filter(position__in=positions), order), typed) if found else []
    return TablePage(rows, number, count)


def ordered_items(user: User, batch: Batch) -> QuerySet[BatchItem]:
    """Return the items of a batch in the natural order of their names."""
    return selectors.batch_items_for(user, batch).order_by(*NATURAL_ORDER)


def order_items(user: User, items: QuerySet[BatchItem], order: str) -> QuerySet[BatchItem]:
    """Return the items in an order of ORDERS."""
    _label, wanted, expressions = ORDERS[order]
    if wanted:
        items = items.alias(answer=Subquery(selectors.answers_of_items_for(user).values_list(wanted)))
    return items.order_by(*expressions, *NATURAL_ORDER)


def filter_items(user: User, items: QuerySet[BatchItem], shown: str, search: str) -> QuerySet[BatchItem]:
    if search:
        newest = selectors.newest_correction_of("upload")
        items = items.alias(correction=Subquery(newest.values("pk")[:1])).filter(matches(user, search))
    if shown in Prediction.Decision.values:
        return items.filter(Exists(selectors.answers_of_items_for(user).filter(decision=shown)))
    if shown in BatchItem.State.values:
        return items.filter(state=shown)
    if not shown:
        return items
    items = items.filter(Exists(selectors.answers_of_items_for(user)))
    standing = selectors.standing_correction_of("upload")
    if shown == "open":
        return items.filter(~Exists(standing))
    return items.filter(Exists(standing.filter(kind__in=REVIEWED_KINDS if shown == "reviewed" else CHANGED_KINDS)))


def matches(user: User, search: str) -> Q:
    """Return the condition for a text in the name of the file, or a number that was read or stands in its correction.

    The items need the alias `correction`, the key of the correction that counts.
    """
    found = Q(name__icontains=search)
    if contained := number_lookup(search, "contains"):
        found |= Q(Exists(selectors.answers_of_items_for(user).filter(**contained)))
        found |= Q(Exists(Correction.objects.filter(pk=OuterRef("correction"), **contained)))
    return found


def table_rows(items: QuerySet[BatchItem], typed: Mapping[UUID, str] = MappingProxyType({})) -> list[TableRow]:
    """Return the rows of items. `typed` holds numbers that were refused."""
    is_current = Q(upload__predictions__is_current=True) & Q(upload__deleted_at=None)
    items = items.alias(read=FilteredRelation("upload__predictions", condition=is_current))
    return [row_from(columns, typed) for columns in selectors.with_correction(items).values_list(*COLUMNS)]


def row_from(columns: tuple[Any, ...], typed: Mapping[UUID, str]) -> TableRow:
    """Return the row with the values of COLUMNS."""
    position, name, page, state, error_code, upload_id, *read, correction_kind, corrected = columns
    text, signed_text, confidence, decision, decimal, expected = read
    if decision is None:
        return TableRow(position, name, page, state, error_code, None)
    kind = "" if correction_kind in (None, Correction.Kind.UNDO) else correction_kind
    written = signed_text or text
    final = corrected if kind else written
    answer = TableAnswer(upload_id, written, confidence, decision, decimal, expected, kind, final)
    return TableRow(position, name, page, state, error_code, answer, typed.get(upload_id))


def find_row(user: User, batch: Batch, upload_id: UUID) -> TableRow:
    """Return the row of one upload. Raise Problem if it is not in the batch or has no answer."""
    for row in table_rows(selectors.batch_items_for(user, batch).filter(upload=upload_id)):
        if row.answer:
            return row
    raise Problem("not_found")


def find_prediction(user: User, batch: Batch, upload_id: UUID) -> Prediction:
    """Return the current prediction of an upload of the batch. Raise Problem if there is none."""
    history = selectors.history_for(user).select_related("upload__batch_item")
    prediction = history.filter(upload=upload_id, upload__batch_item__batch=batch).first()
    if prediction is None:
        raise Problem("not_found")
    return prediction


def correct_numbers(user: Account, batch: Batch, numbers: Mapping[UUID, str]) -> int:
    """Append corrections of the typed numbers, or none if one is invalid. Return how many pictures were corrected."""
    with transaction.atomic():
        for key, number in numbers.items():
            prediction = find_prediction(user, batch, key)
            try:
                correct(prediction=prediction, by=user, kind=Correction.Kind.CORRECT, written=number)
            except Problem as problem:
                raise Problem(problem.code, f"{prediction.upload.batch_item.name}: {problem.detail}") from problem
    return len(numbers)


def confirm_number(user: Account, batch: Batch, upload_id: UUID) -> None:
    """Confirm what was read, unless somebody has corrected it in the meantime."""
    with lock_corrections([user.pk]):
        prediction = find_prediction(user, batch, upload_id)
        if prediction.correction_kind in (None, Correction.Kind.UNDO):  # type: ignore[attr-defined]
            correct(prediction=prediction, by=user, kind=Correction.Kind.CONFIRM)


def count_unsure_of(user: User, batches: Collection[Batch]) -> dict[UUID, int]:
    """Count the unsure answers of each batch that wait for review. Batches without any are left out."""
    return dict(selectors.unsure_items_for(user, batches).values_list("batch").annotate(Count("pk")))
