"""The rows of results: every export has the same columns, and every correction is in all of them at once."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from recognizer.bodies.plain import as_cells, names_of
from recognizer.bodies.results import ResultRow
from recognizer.management.commands.import_uploads import Command
from recognizer.models import Batch, BatchItem, Prediction
from recognizer.services.batches import intake
from recognizer.services.exports.exports import name_file
from recognizer.services.exports.spreadsheets import SHEET_COLUMNS
from recognizer.services.history.corrections import correct
from recognizer.services.people.export_links import create_link
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.recognizer.tables import fetch_api_workbook, fetch_workbook, rows_of_sheet

pytestmark = pytest.mark.django_db
Rows = list[dict[str, Any]]


@pytest.fixture
def batch(alice: User, model, media) -> Batch:
    batch = intake.create_batch(owner=alice, name="Meters: May/June")
    files = [(f"{digit}.png", ContentFile(digit_png(digit, size=60))) for digit in (3, 7)]
    intake.add_files(batch, [*files, ("=notes.txt", ContentFile(b"no picture"))], close=True)
    run_waiting_jobs()
    return batch


def content_of(response: Any) -> str:
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()


def csv_rows(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def json_rows(text: str) -> Rows:
    return [{name: str(cell) for name, cell in as_cells(json.loads(line)).items()} for line in text.splitlines()]


def nested_rows(text: str) -> Rows:
    rows = [row for line in text.splitlines() for row in json.loads(line)["rows"]]
    return json_rows("\n".join(map(json.dumps, rows)))


def sheet_rows(book: Workbook) -> Rows:
    rows = rows_of_sheet(book["Results"])
    return [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in rows]


def command_rows(batch: Batch, folder: Path) -> Iterator[tuple[str, Rows]]:
    """Yield the rows of each file that `import_uploads --output` writes, and of its standard output."""
    printed = io.StringIO()
    command = Command(stdout=printed)
    for name in ("-", "x.csv", "x.jsonl", "x.xlsx"):
        command.write_output(Path(name) if name == "-" else folder / name, "x", batch.owner, [batch])
    yield "command CSV", csv_rows(printed.getvalue())
    yield "command CSV file", csv_rows((folder / "x.csv").read_text())
    yield "command JSON Lines", json_rows((folder / "x.jsonl").read_text())
    yield "command XLSX", sheet_rows(load_workbook(folder / "x.xlsx"))


def exports_of(batch: Batch, client: Client, token: dict[str, str], folder: Path) -> Iterator[tuple[str, Rows]]:
    """Yield the rows of a batch from every export, by its name. Links are without the site, which commands set."""
    for name, rows in all_exports_of(batch, client, token, folder):
        yield name, [row | {"link": re.sub("^https?://[^/]*", "", row["link"])} for row in rows]


def all_exports_of(batch: Batch, client: Client, token: dict[str, str], folder: Path) -> Iterator[tuple[str, Rows]]:
    api = f"/api/v1/batches/{batch.pk}/results"
    selection = {"all": "1", "query": f"batch={batch.pk}&ordering=given_at"}

    def history(action: str) -> str:
        return content_of(client.post(reverse("history_bulk"), {"action": action, **selection}))

    def xlsx_rows(url: str, **data: str) -> Rows:
        return sheet_rows(fetch_workbook(client, client.post(url, data)))

    yield "batch XLSX", xlsx_rows(reverse("batch_xlsx", args=[batch.pk]))
    yield "history XLSX", xlsx_rows(reverse("history_bulk"), action="xlsx", **selection)
    yield "batch CSV", csv_rows(content_of(client.get(reverse("batch_csv", args=[batch.pk]))))
    yield "batch JSON Lines", json_rows(content_of(client.get(reverse("batch_jsonl", args=[batch.pk]))))
    yield "API XLSX", sheet_rows(fetch_api_workbook(f"/api/v1/batches/{batch.pk}/", token))
    yield "API CSV", csv_rows(content_of(Client().get(f"{api}.csv", headers=token)))
    yield "API JSON Lines", nested_rows(content_of(Client().get(f"{api}.jsonl", headers=token)))
    secret = create_link(batch)[1]
    yield "link CSV", csv_rows(content_of(Client().get(reverse("export_link_csv", args=[secret]))))
    yield "link JSON Lines", json_rows(content_of(Client().get(reverse("export_link_jsonl", args=[secret]))))
    yield "history CSV", csv_rows(history("csv"))
    yield "history JSON Lines", json_rows(history("jsonl"))
    yield from command_rows(batch, folder)


def test_all_exports_have_the_same_columns_and_the_same_rows(alice_client, alice_token, batch, tmp_path):
    found = dict(exports_of(batch, alice_client, alice_token, tmp_path))

    assert len(found) == 15
    columns = names_of(ResultRow)
    for name, rows in found.items():
        order = SHEET_COLUMNS if "XLSX" in name else columns
        assert all(list(row) == list(order) for row in rows)
    answered = {
        name: sorted(
            str({column: row[column] for column in columns} | {"file": row["file"].lstrip("'")})
            for row in rows
            if row["prediction"]
        )
        for name, rows in found.items()
    }
    assert len(answered["batch CSV"]) == 2
    assert all(rows == answered["batch CSV"] for rows in answered.values())
    failed = {name: [row["error"] for row in rows if row["state"] == "failed"] for name, rows in found.items()}
    assert all(codes == ["unsupported_format"] for name, codes in failed.items() if not name.startswith("history"))


def by_page(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    client.post(reverse("upload_correct", args=[prediction.upload_id]), {"action": "text", "value": "0042"})


def by_review(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    client.post(reverse("review_correct", args=[prediction.upload_id]), {"action": "text", "value": "0042"})


def by_table(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    """Send what the table of the batch sends after a number is typed and Enter is pressed."""
    url = reverse("batch_correct", args=[prediction.upload.batch_item.batch_id])
    client.post(url, {f"number-{prediction.upload_id}": "0042"}, headers={"HX-Request": "true"})


def by_bulk_action(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    selection = {"pick": [str(prediction.upload_id)], "value": "0042"}
    client.post(reverse("history_bulk"), {"action": "correct", **selection})


def by_api(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    url = f"/api/v1/predictions/{prediction.pk}/"
    answer = Client().patch(url, {"text": "0042"}, content_type="application/json", headers=token)
    assert answer.status_code == 200


def by_import(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    batch = prediction.upload.batch_item.batch
    table = csv_rows(content_of(client.get(reverse("batch_csv", args=[batch.pk]))))
    rows = [row | {"final": "0042"} for row in table if row["prediction"] == str(prediction.pk)]
    with NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        with pytest.raises(SystemExit) as ended:
            call_command("import_corrections", file.name, "--user", "alice", stdout=io.StringIO())
    assert ended.value.code == 0


def by_another_user(prediction: Prediction, client: Client, token: dict[str, str], admin: User) -> None:
    correct(prediction=prediction, by=admin, kind="correct", written="0042")


@pytest.mark.parametrize("enter", [by_page, by_review, by_table, by_bulk_action, by_api, by_import, by_another_user])
def test_a_correction_is_in_every_export_at_once(
    enter: Callable[..., None], alice_client, alice_token, admin, batch, tmp_path
) -> None:
    item = BatchItem.objects.filter(batch=batch, state="done").first()
    enter(item.upload.predictions.get(), alice_client, alice_token, admin)

    for name, rows in exports_of(batch, alice_client, alice_token, tmp_path):
        (row,) = (row for row in rows if row["file"] == item.name)
        author = "admin" if enter is by_another_user else "alice"
        found = [row[column] for column in ("final", "correction", "corrected_by")]
        assert found == ["0042", "correct", author], name
        assert row["final_value"] == ("0042" if "XLSX" in name else "42"), name
        assert row["corrected_at"], name


def test_each_line_of_a_picture_has_its_own_row(alice, alice_client, model, media):
    prediction = store_reading(make_reading("85%\n-3.5\n0711"), owner=alice)
    correct(prediction=prediction, by=alice, kind="correct", written="85%\n-3.6")
    rows = csv_rows(content_of(alice_client.post(reverse("history_bulk"), {"action": "csv", "all": "1"})))

    assert [[row[name] for name in ("line", "text", "written", "final", "final_value")] for row in rows] == [
        ["1", "85", "85%", "85%", "85"],
        ["2", "35", "-3.5", "-3.6", "-3.6"],
        ["3", "0711", "0711", "", ""],
    ]
    assert {row["upload"] for row in rows} == {str(prediction.upload_id)}


def test_the_exports_of_a_batch_are_named_after_it(alice_client, batch):
    for response in (
        alice_client.get(reverse("batch_csv", args=[batch.pk])),
        alice_client.post(reverse("history_bulk"), {"action": "csv", "all": "1", "query": f"batch={batch.pk}"}),
    ):
        assert response["Content-Disposition"] == 'attachment; filename="Meters May June.csv"'


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Monday", "Monday.csv"),
        ("../../etc/passwd", "etc passwd.csv"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie x.csv"),
        ("\u202egnp.exe", "gnp.exe.csv"),
        ("...", "digitscribe.csv"),
        ("Zähler", "Zähler.csv"),
        ("9" * 400, "9" * 100 + ".csv"),
    ],
)
def test_file_names_are_safe(title: str, name: str) -> None:
    assert name_file(title, "csv") == name
