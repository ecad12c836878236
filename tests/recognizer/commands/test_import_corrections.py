"""Corrections that are imported from exported tables."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.test import Client
from openpyxl import Workbook, load_workbook

from recognizer.models import Batch, Correction, Prediction
from recognizer.queries.selectors import history_for
from recognizer.services.batches import intake
from recognizer.services.batches.results import batch_rows
from recognizer.services.batches.table import ordered_items
from recognizer.services.exports.exports import as_csv, as_json_lines, history_rows
from recognizer.services.exports.spreadsheets import write_workbook
from recognizer.services.exports.summaries import Summary
from recognizer.services.history.corrections import correct
from recognizer.services.reading.predictions import reread_upload
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db

NUMBERS = ["0042", "-12.50", "07-11", "852", "85%\n-3.5\n0711", ""]


@pytest.fixture
def predictions(alice, model, media, add_prediction) -> dict[str, Prediction]:
    """Return readings of alice by their number: some confirmed, corrected or not a digit."""
    found = {number: store_reading(make_reading(number), owner=alice) for number in NUMBERS if number}
    found[""] = add_prediction("", decision="rejected")
    correct(prediction=found["0042"], by=alice, kind="confirm")
    correct(prediction=found["-12.50"], by=alice, kind="correct", written="-12/3")
    correct(prediction=found["07-11"], by=alice, kind="not_a_digit")
    correct(prediction=found["85%\n-3.5\n0711"], by=alice, kind="correct", written="85%\n-3.6")
    return found


def write_csv(path: Path, user) -> list[dict[str, str]]:
    path.write_text("".join(as_csv(history_rows(history_for(user), str))), newline="")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def save(path: Path, rows: list[dict[str, str]], delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(path: Path, user: str = "alice") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("import_corrections", str(path), "--user", user, stdout=out, stderr=err)
    return ended.value.code, out.getvalue().strip(), err.getvalue()


def rows_of(upload) -> list[tuple[str, str]]:
    return list(Correction.objects.filter(upload=upload).order_by("created_at").values_list("kind", "text"))


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_what_is_exported_and_imported_again_changes_nothing(alice, predictions, tmp_path, format):
    before = list(Correction.objects.order_by("pk").values())
    path = tmp_path / f"history.{format}"
    lines = {"csv": as_csv, "jsonl": as_json_lines}[format]
    path.write_text("".join(lines(history_rows(history_for(alice), str))), newline="")
    assert run(path) == (0, "0 corrected, 6 unchanged, 0 refused", "")
    assert list(Correction.objects.order_by("pk").values()) == before


def test_the_exports_of_a_batch_change_nothing_either(alice, alice_token, model, media, tmp_path):
    batch = intake.create_batch(owner=alice)
    files = [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)]
    intake.add_files(batch, [*files, ("=notes.txt", ContentFile(b"no picture"))], close=True)
    run_waiting_jobs()
    (tmp_path / "page.csv").write_text("".join(as_csv(batch_rows(ordered_items(alice, batch), str))), newline="")
    for format in ("csv", "jsonl"):
        answer = Client().get(f"/api/v1/batches/{batch.pk}/results.{format}", headers=alice_token)
        (tmp_path / f"api.{format}").write_bytes(b"".join(answer.streaming_content))
    for name in ("page.csv", "api.csv", "api.jsonl"):
        assert run(tmp_path / name)[:2] == (0, "0 corrected, 2 unchanged, 0 refused"), name
    assert not Correction.objects.exists() and Batch.objects.exists()


def write_xlsx(path: Path, user) -> Workbook:
    with path.open("wb") as file:
        write_workbook(file, history_rows(history_for(user), str), Summary([], []))
    return load_workbook(path)


def test_an_xlsx_export_that_is_saved_again_changes_nothing(alice, predictions, tmp_path):
    path = tmp_path / "history.xlsx"
    write_xlsx(path, alice).save(path)
    before = list(Correction.objects.order_by("pk").values())
    assert run(path) == (0, "0 corrected, 6 unchanged, 0 refused", "")
    assert list(Correction.objects.order_by("pk").values()) == before


def test_a_csv_file_that_is_saved_as_xlsx_changes_nothing(alice, predictions, tmp_path):
    rows = write_csv(tmp_path / "history.csv", alice)
    book = Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append([cell.replace("\t", "") or None for cell in row.values()])
    book.save(tmp_path / "history.xlsx")
    assert run(tmp_path / "history.xlsx") == (0, "0 corrected, 6 unchanged, 0 refused", "")


def test_what_was_edited_in_an_xlsx_file_is_corrected(alice, predictions, tmp_path):
    path = tmp_path / "history.xlsx"
    book = write_xlsx(path, alice)
    sheet = book["Results"]
    names = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        cells = dict(zip(names, row, strict=True))
        if cells["written"].value == "852":
            cells["final"].value = 8527  # a spreadsheet program makes a number of what is typed
        if cells["written"].value == "0042":
            cells["final"].value = "0043"
    book.save(path)
    assert run(path) == (0, "2 corrected, 4 unchanged, 0 refused", "")
    assert rows_of(predictions["852"].upload) == [("correct", "8527")]
    assert rows_of(predictions["0042"].upload)[-1] == ("correct", "0043")


def change_sheet(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change the XML of the first sheet of an XLSX file."""
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["xl/worksheets/sheet1.xml"] = change(files["xl/worksheets/sheet1.xml"])
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("dimension", [b"", b'<dimension ref="A1"/>'], ids=["none", "wrong"])
def test_an_xlsx_file_of_a_program_that_tells_no_or_a_wrong_size_is_read(alice, predictions, tmp_path, dimension):
    path = tmp_path / "history.xlsx"
    write_xlsx(path, alice).save(path)
    empty_row = b'<row r="50"></row></sheetData>'
    change_sheet(
        path,
        lambda xml: re.sub(rb"<dimension[^>]*/>", dimension, xml).replace(b"</sheetData>", empty_row),
    )
    assert run(path) == (0, "0 corrected, 6 unchanged, 0 refused", "")


def test_a_formula_without_a_value_is_refused(alice, predictions, tmp_path):
    path = tmp_path / "history.xlsx"
    book = write_xlsx(path, alice)
    names = [cell.value for cell in book["Results"][1]]
    book["Results"].cell(row=2, column=names.index("final") + 1).value = '="852"'
    book.save(path)
    before = list(Correction.objects.order_by("pk").values())
    with pytest.raises(CommandError, match="formulas without values"):
        run(path)
    assert list(Correction.objects.order_by("pk").values()) == before


def test_a_damaged_xlsx_file_is_refused_in_words(alice, predictions, tmp_path):
    path = tmp_path / "history.xlsx"
    write_xlsx(path, alice).save(path)
    change_sheet(path, lambda xml: xml[: len(xml) // 2])
    with pytest.raises(CommandError, match="no exported table"):
        run(path)
    book = Workbook()
    book.remove(book.active)
    book.create_chartsheet("Chart")
    book.save(path)
    with pytest.raises(CommandError, match="no exported table"):
        run(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_was_edited_is_corrected(alice, predictions, tmp_path, delimiter):
    rows = write_csv(tmp_path / "x.csv", alice)
    edits = {
        "852": ("final", "0852"),
        "-12.50": ("final", ""),
        "07-11": ("correction", ""),
        "": ("correction", "confirm"),
    }
    for row in rows:
        if row["written"] in edits:
            name, value = edits[row["written"]]
            row[name] = value
        if row["written"] == "0711":
            row["final"] = "0712"  # the third line, which had been removed
    assert run(save(tmp_path / "x.csv", rows, delimiter)) == (0, "5 corrected, 1 unchanged, 0 refused", "")
    assert rows_of(predictions["852"].upload) == [("correct", "0852")]
    assert rows_of(predictions["-12.50"].upload)[-1] == ("not_a_digit", "")
    assert rows_of(predictions["07-11"].upload)[-1] == ("undo", "")
    assert rows_of(predictions[""].upload) == [("confirm", "")]
    assert Correction.objects.filter(upload=predictions["85%\n-3.5\n0711"].upload).latest("created_at").written == (
        "85%\n-3.6\n0712"
    )


def test_lost_zeros_and_later_corrections_are_refused(alice, predictions, tmp_path):
    rows = write_csv(tmp_path / "x.csv", alice)
    for row in rows:  # as a spreadsheet program does with every column of digits
        row.update({name: row[name].lstrip("0") for name in ("written", "final")})
        if row["written"] == "852":
            row["final"] = "1"
    correct(prediction=predictions["852"], by=alice, kind="correct", text="7")
    status, counts, reasons = run(save(tmp_path / "x.csv", rows))
    assert (status, counts) == (1, "0 corrected, 2 unchanged, 4 refused")
    assert "leading zeros" in reasons and "corrected after the export" in reasons
    assert rows_of(predictions["852"].upload) == [("correct", "7")]


def test_a_picture_that_was_read_again_is_refused(alice, model, media, tmp_path):
    batch = intake.create_batch(owner=alice)
    intake.add_files(batch, [("7.png", ContentFile(digit_png(7)))], close=True)
    run_waiting_jobs()
    write_csv(tmp_path / "x.csv", alice)
    reread_upload(batch.items.get().upload, "digit")
    assert run(tmp_path / "x.csv")[:2] == (1, "0 corrected, 0 unchanged, 1 refused")


def test_pictures_of_others_are_refused_like_missing_ones(alice, bob, predictions, tmp_path):
    rows = write_csv(tmp_path / "x.csv", alice)
    for row in rows:
        row["final"] = "1"
    status, counts, reasons = run(save(tmp_path / "x.csv", rows), "bob")
    assert (status, counts) == (1, "0 corrected, 0 unchanged, 6 refused")
    assert reasons.count("It is not in the history.") == 6


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [("final", "=1+1", "Use only"), ("correction", "undo", "unknown"), ("upload", "x", "no valid key")],
)
def test_a_bad_value_is_refused_alone(alice, predictions, tmp_path, column, value, reason):
    rows = write_csv(tmp_path / "x.csv", alice)
    next(row for row in rows if row["written"] == "852")[column] = value
    status, counts, reasons = run(save(tmp_path / "x.csv", rows))
    assert (status, counts) == (1, "0 corrected, 5 unchanged, 1 refused") and reason in reasons


@pytest.mark.parametrize("content", [b"", b"file,upload\nx,y\n", b"\xff\xfe\x00", b"{}", b"[1]", b'{"rows": 1}'])
@pytest.mark.parametrize("extension", ["csv", "jsonl", "xlsx"])
def test_a_file_that_is_no_table_is_refused(alice, tmp_path, content, extension):
    path = tmp_path / f"x.{extension}"
    path.write_bytes(content)
    try:
        assert run(path)[1] == "0 corrected, 0 unchanged, 0 refused"  # an empty file, or one with a header alone
    except CommandError as error:
        assert error.returncode == 2


def test_a_missing_column_is_named(alice, predictions, tmp_path):
    rows = write_csv(tmp_path / "x.csv", alice)
    for row in rows:
        del row["corrected_at"]
    with pytest.raises(CommandError, match="no column corrected_at"):
        call_command("import_corrections", str(save(tmp_path / "x.csv", rows)), "--user", "alice")


def test_a_line_of_thousands_of_digits_is_no_number(predictions, alice, tmp_path):
    rows = write_csv(tmp_path / "table.csv", alice)
    rows[0]["line"] = "1" * 5000
    status, _shown, _refused = run(save(tmp_path / "edited.csv", rows))
    assert status == 0
