"""Corrections that are imported from an exported table: what was changed there is corrected, and nothing else.

A row of the table says what was read and what counted when it was exported. If either is different now, the table is
out of date or a spreadsheet program has changed it, and the picture is left alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from recognizer.bodies.plain import write_row
from recognizer.bodies.results import result_rows
from recognizer.models import Correction, Prediction
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.history.corrections import correct

KEY = "upload"
AS_READ = ("prediction", "written")  # columns that no person changes
CORRECTED = ("final", "correction")  # columns that a person may change
WHEN = "corrected_at"
COLUMNS = (KEY, "file", "line", *AS_READ, *CORRECTED, WHEN)
# What the column `correction` may hold; an emptied cell undoes.
KINDS = {"": Correction.Kind.UNDO} | {kind.value: kind for kind in Correction.Kind if kind != Correction.Kind.UNDO}
UPLOADS_AT_ONCE = 200

Row = Mapping[str, str]


@dataclass(slots=True)
class ImportOutcome:
    """The result of an import: how many pictures were corrected or left as they are, and why others were refused."""

    corrected: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)  # the name of a file, and the reason


def import_corrections(user: User, rows: Iterable[Row]) -> ImportOutcome:
    """Correct the user's pictures as the rows of an exported table say."""
    outcome = ImportOutcome()
    tables = rows_by_upload(rows, outcome)
    keys = iter(tables)
    while chunk := list(islice(keys, UPLOADS_AT_ONCE)):
        own = selectors.exported(selectors.history_for(user).filter(upload__in=chunk))
        found = {prediction.upload_id: prediction for prediction in own}
        for key in chunk:
            prediction, table = found.get(key), tables[key]
            reason = import_one(user, prediction, table, outcome) if prediction else _("It is not in the history.")
            if reason:
                outcome.refused.append((table[0]["file"], reason))
    return outcome


def rows_by_upload(rows: Iterable[Row], outcome: ImportOutcome) -> dict[UUID, list[Row]]:
    """Return the rows of each upload in the order of its lines. Files without an answer have none."""
    tables: dict[UUID, list[Row]] = {}
    for row in rows:
        if not row[KEY]:
            continue
        try:
            tables.setdefault(UUID(row[KEY]), []).append(row)
        except ValueError:
            outcome.refused.append((row["file"], _("Its upload has no valid key.")))
    for table in tables.values():
        table.sort(key=lambda row: int(row["line"]) if row["line"].isdecimal() and len(row["line"]) < 10 else 0)
    return tables


def import_one(user: User, prediction: Prediction, table: list[Row], outcome: ImportOutcome) -> str:
    """Append the correction of one picture, if the table has one. Return why it was refused, or an empty text."""
    now = [{name: str(cell) for name, cell in write_row(row).items()} for row in result_rows(prediction, str)]
    if cells(table, AS_READ) != cells(now, AS_READ):
        return _("It was read again, or the columns of what was read were changed, for example their leading zeros.")
    if cells(table, CORRECTED) == cells(now, CORRECTED):
        outcome.unchanged += 1
        return ""
    if cells(table, (WHEN,)) != cells(now, (WHEN,)):
        return _("It was corrected after the export.")
    written = "\n".join(filter(None, (row["final"].strip() for row in table)))
    kind = KINDS.get(table[0]["correction"])
    if cells(table, ("final",)) != cells(now, ("final",)):
        kind = Correction.Kind.CORRECT if written else Correction.Kind.NOT_A_DIGIT
    if kind is None:
        return _("Its kind of correction is unknown.")
    try:
        correct(prediction=prediction, by=user, kind=kind, written=written)
    except Problem as problem:
        return problem.detail
    outcome.corrected += 1
    return ""


def cells(table: Iterable[Row], names: tuple[str, ...]) -> list[str]:
    return [row[name] for row in table for name in names]
