"""The table of a batch: its items in an order, filtered and searched, one page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from django.contrib.auth.models import User as Account
from django.db import transaction
from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from mlcore.reading.written import digits_of, find_value
from recognizer import selectors
from recognizer.models import Batch, BatchItem, Correction, Prediction
from recognizer.problems import Problem
from recognizer.selectors import User
from recognizer.services.batches.results import item_prediction, with_predictions
from recognizer.services.history.corrections import correct

ROWS_ON_PAGE = 100
NATURAL_ORDER = ("sort_key", "position")

ORDERS = {
    "name": (_("Name"), [F("sort_key").asc()]),
    "-name": (_("Name, descending"), [F("sort_key").desc()]),
    "certainty": (_("Least certain first"), [F("read__confidence").asc(nulls_last=True)]),
    "-certainty": (_("Most certain first"), [F("read__confidence").desc(nulls_last=True)]),
    "number": (_("Number"), [Length("read__text").asc(nulls_last=True), F("read__text").asc()]),
    "-number": (_("Number, descending"), [Length("read__text").desc(nulls_last=True), F("read__text").desc()]),
    "state": (_("State"), [F("state").asc(), F("read__decision").asc(nulls_last=True)]),
    "added": (_("In the order given"), [F("position").asc()]),
}
SHOWN = {
    "": _("All files"),
    "unsure": _("Unsure"),
    "read": _("Sure"),
    "rejected": _("Not a digit"),
    "open": _("Not reviewed"),
    "reviewed": _("Confirmed or corrected"),
    "changed": _("Corrected"),
    "failed": _("Failed"),
    "waiting": _("Waiting"),
}
CHANGED = (Correction.Kind.CORRECT, Correction.Kind.NOT_A_DIGIT)
REVIEWED = (Correction.Kind.CONFIRM, *CHANGED)


@dataclass(frozen=True)
class TableRow:
    """One file of the table, with its current prediction if it has one."""

    item: BatchItem
    prediction: Prediction | None
    typed: str | None = None  # a number that was refused

    @property
    def kind(self) -> str:
        """Return the kind of the current correction, or an empty text."""
        kind: str | None = getattr(self.prediction, "correction_kind", None)
        return kind if kind and kind != Correction.Kind.UNDO else ""

    @property
    def final(self) -> str:
        """Return the number that counts, lines joined by line feeds."""
        if self.prediction is None:
            return ""
        return self.prediction.correction_written if self.kind else self.prediction.written  # type: ignore[attr-defined]

    @property
    def value(self) -> str | None:
        return find_value(self.final, self.prediction.decimal_rule) if self.prediction else None

    @property
    def has_one_line(self) -> bool:
        return self.prediction is not None and "\n" not in self.final + self.prediction.written

    @property
    def number(self) -> str:
        return self.final if self.typed is None else self.typed

    @property
    def is_confirmed_by_enter(self) -> bool:
        return bool(self.prediction and self.prediction.decision == Prediction.Decision.UNSURE and not self.kind)


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
    order: str = "name",
    shown: str = "",
    search: str = "",
    page: int = 1,
    typed: Mapping[UUID, str] = MappingProxyType({}),
) -> TablePage:
    """Return a page of the table; the nearest one if it does not exist. `typed` holds numbers that were refused."""
    items = filter_items(ordered_items(user, batch, order), shown, search.strip())
    count = max(1, -(-items.order_by().values("pk").count() // ROWS_ON_PAGE))
    number = min(max(page, 1), count)
    start = ROWS_ON_PAGE * (number - 1)
    return TablePage(table_rows(items[start : start + ROWS_ON_PAGE], typed), number, count)


def ordered_items(user: User, batch: Batch, order: str = "name") -> QuerySet[BatchItem]:
    """Return the items of a batch in an order of ORDERS; `read` is the current prediction of each."""
    is_current = Q(upload__predictions__is_current=True) & Q(upload__deleted_at=None)
    items = selectors.batch_items_for(user, batch).annotate(
        read=FilteredRelation("upload__predictions", condition=is_current)
    )
    return items.order_by(*ORDERS[order][1], *NATURAL_ORDER)


def filter_items(items: QuerySet[BatchItem], shown: str, search: str) -> QuerySet[BatchItem]:
    if search:
        found = Q(name__icontains=search)
        if digits := digits_of(search):
            found |= Q(read__text__contains=digits)
        items = items.filter(found)
    if shown in Prediction.Decision.values:
        decided = Q(read__decision=shown)
        return items.filter(decided)
    if shown in BatchItem.State.values:
        return items.filter(state=shown)
    if not shown:
        return items
    newest = Correction.objects.filter(upload=OuterRef("upload")).order_by("-created_at", "-id").values("kind")[:1]
    items = items.filter(upload__isnull=False, upload__deleted_at=None).annotate(correction_kind=Subquery(newest))
    if shown == "open":
        return items.filter(Q(correction_kind=None) | Q(correction_kind=Correction.Kind.UNDO))
    return items.filter(correction_kind__in=REVIEWED if shown == "reviewed" else CHANGED)


def table_rows(items: QuerySet[BatchItem], typed: Mapping[UUID, str] = MappingProxyType({})) -> list[TableRow]:
    """Return the rows of items with their predictions and corrections, and with numbers that were refused."""
    return [
        TableRow(item, item_prediction(item), typed.get(item.upload_id) if item.upload_id else None)
        for item in with_predictions(items)
    ]


def row_of(user: User, batch: Batch, upload_id: UUID) -> tuple[TableRow, Prediction]:
    """Return the row of one upload and its prediction. Raise Problem if it is not in the batch or has no answer."""
    for row in table_rows(selectors.batch_items_for(user, batch).filter(upload=upload_id)):
        if row.prediction:
            return row, row.prediction
    raise Problem("not_found")


def correct_numbers(user: Account, batch: Batch, numbers: Mapping[UUID, str]) -> int:
    """Append corrections of the typed numbers, or none if one is invalid. Return how many pictures were corrected."""
    with transaction.atomic():
        for key, number in numbers.items():
            row, prediction = row_of(user, batch, key)
            try:
                correct(prediction=prediction, by=user, kind=Correction.Kind.CORRECT, written=number)
            except Problem as problem:
                raise Problem(problem.code, f"{row.item.name}: {problem.detail}") from problem
    return len(numbers)


def confirm_number(user: Account, batch: Batch, upload_id: UUID) -> None:
    """Confirm what was read, unless somebody has corrected it in the meantime."""
    row, prediction = row_of(user, batch, upload_id)
    if not row.kind:
        correct(prediction=prediction, by=user, kind=Correction.Kind.CONFIRM)


def count_unsure(user: User, batch: Batch) -> int:
    """Count the unsure answers of the batch that nobody has confirmed or corrected."""
    return selectors.unsure_items_for(user, batch).count()
