"""XLSX files of results: a sheet of rows, and a sheet with the counts of the files and what is promised."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from recognizer.bodies.plain import write_row
from recognizer.bodies.results import RESULT_COLUMNS, ResultRow
from recognizer.models import BatchItem, Correction, Prediction
from recognizer.services.exports.summaries import Summary

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MAX_CELL = 32_767  # characters; a spreadsheet refuses more
EXACT_DIGITS = 15  # a spreadsheet stores numbers as floats
WRITTEN_BESIDE = {"value": "written", "final_value": "final"}  # the written form of a value
# What a person looks for stands first. The other columns follow in the order of the other formats.
LEADING = ("file", "final", "final_value", "decision", "confidence", "correction", "line", "page", "reason")
SHEET_COLUMNS = (*LEADING, *(name for name in RESULT_COLUMNS if name not in LEADING))
WIDTHS = {"file": 32, "written": 14, "final": 14, "final_value": 14, "corrected_at": 22, "given_at": 22, "link": 40}


def write_workbook(file: IO[bytes], rows: Iterable[ResultRow], summary: Summary) -> None:
    """Write the rows, then the summary with the counts of their files. Memory does not grow with the rows."""
    from xlsxwriter import Workbook  # 3 MB and a tenth of a second, which only a worker that writes one should spend

    book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("Results")
    sheet.freeze_panes(1, 1)
    for column, name in enumerate(SHEET_COLUMNS):
        sheet.set_column(column, column, WIDTHS.get(name, 10))
        sheet.write_string(0, column, name, bold)
    counts: Counter[str] = Counter()
    number = 0
    for number, row in enumerate(rows, start=1):
        cells = write_row(row)
        for column, name in enumerate(SHEET_COLUMNS):
            write_cell(sheet, number, column, cell_value(name, cells))
        if row.line in (None, 1):  # a file has as many rows as lines
            counts.update(count_names(row))
    # Digits that are text on purpose would be marked as mistakes.
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{number + 1}"})
    sheet.autofilter(0, 0, number, len(SHEET_COLUMNS) - 1)
    write_summary(book.add_worksheet("Summary"), summary, counts)
    book.close()


def cell_value(name: str, cells: dict[str, Any]) -> Any:
    """Return a number, or text where a spreadsheet would show the number differently from how it was written.

    Leading zeros and more than 15 digits would be lost.
    """
    value = cells[name]
    if name not in WRITTEN_BESIDE or not value:
        return value
    written = cells[WRITTEN_BESIDE[name]]
    has_leading_zero = re.match(r"[^0-9]*0[0-9]", written)
    if has_leading_zero:
        return written
    return float(value) if len(re.sub("[^0-9]", "", value)) <= EXACT_DIGITS else value


def write_cell(sheet: "Worksheet", row: int, column: int, value: Any) -> None:
    """Write a number, or a text that no spreadsheet takes for a formula."""
    if isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif value:
        sheet.write_string(row, column, value[:MAX_CELL])


def count_names(row: ResultRow) -> list[str]:
    """Return the counts of the summary that a file adds to."""
    if row.prediction is None:
        return ["files", row.state if row.state != BatchItem.State.DONE else "deleted"]
    return ["files", str(row.decision), str(row.correction or "not_reviewed")]


def write_summary(sheet: "Worksheet", summary: Summary, counts: Counter[str]) -> None:
    states, decisions = BatchItem.State, Prediction.Decision
    kinds = Correction.Kind
    names = [
        *("files", decisions.READ, decisions.UNSURE, decisions.REJECTED),
        *(states.FAILED, states.CANCELLED, states.WAITING, "deleted"),
        *(kinds.CONFIRM, kinds.CORRECT, kinds.NOT_A_DIGIT, "not_reviewed"),
    ]
    sheet.set_column(0, 1, 32)
    counted = [(str(name), counts[str(name)]) for name in names]
    for number, (name, value) in enumerate([*summary.facts, *counted, *summary.quality]):
        sheet.write_string(number, 0, name)
        write_cell(sheet, number, 1, value)
