"""Exported tables that are read again: CSV and XLSX, also as a spreadsheet program saves them, and JSON Lines."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from django.utils.translation import gettext as _

from recognizer.bodies.plain import as_cells
from recognizer.problems import Problem
from recognizer.services.exports.formulas import unescape_formula

DELIMITERS = (",", ";", "\t")  # spreadsheet programs choose one by the language


def read_table(path: Path, columns: Iterable[str]) -> Iterator[Mapping[str, str]]:
    """Yield these columns of each row of a table. Raise Problem if the file is no table or lacks one of them."""
    read = READERS.get(path.suffix.lower(), read_csv)
    try:
        for row in read(path):
            missing = [name for name in columns if row.get(name) is None]
            if missing:
                raise Problem("invalid", _("The table has no column %(names)s.") % {"names": ", ".join(missing)})
            yield {name: row[name] for name in columns}
    except (UnicodeDecodeError, csv.Error, ValueError, RecursionError, KeyError, BadZipFile) as error:
        raise Problem("invalid", _("The file is no exported table: %(error)s") % {"error": error}) from error


def read_csv(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
        file.seek(0)
        delimiter = max(DELIMITERS, key=header.count)
        for row in csv.DictReader(file, delimiter=delimiter):
            yield {name: unescape_formula(cell) for name, cell in row.items() if isinstance(cell, str)}


def read_xlsx(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of the first sheet. A number that was typed is the text that the sheet shows for it.

    Raise Problem for a formula whose value no spreadsheet program has stored: its cell would seem to be empty.
    """
    values, formulas = (read_cells(path, data_only=data_only) for data_only in (True, False))
    names: Sequence[Any] = ()
    for cells, written in zip(values, formulas, strict=True):
        if not any(cell is not None for cell in written):
            continue
        if not names:
            names = cells
            continue
        if any(cell is None and formula is not None for cell, formula in zip(cells, written, strict=True)):
            raise Problem("invalid", _("The table has formulas without values. Replace the formulas by their values."))
        yield {
            str(name): "" if cell is None else unescape_formula(str(cell))  # a CSV file may have been saved as XLSX
            for name, cell in zip_longest(names, cells)
            if name
        }


def read_cells(path: Path, *, data_only: bool) -> Iterator[Sequence[Any]]:
    """Yield the cells of each row of the first sheet, with the values of formulas or with the formulas themselves."""
    from openpyxl import load_workbook  # takes a fifth of a second, which no other command should wait

    try:
        book = load_workbook(path, read_only=True, data_only=data_only)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write wrong ones
            yield from sheet.iter_rows(values_only=True)
        finally:
            book.close()
    except (AttributeError, IndexError, SyntaxError, TypeError) as error:  # as openpyxl meets a damaged file
        raise ValueError(error) from error


def read_json_lines(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of JSON Lines. Those of the API have the rows of a file in one object."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            value = json.loads(line)
            rows = value.get("rows", [value]) if isinstance(value, dict) else None
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ValueError(line[:100])
            for row in rows:
                yield {name: str(cell) for name, cell in as_cells(row).items()}


READERS = {".jsonl": read_json_lines, ".xlsx": read_xlsx}
