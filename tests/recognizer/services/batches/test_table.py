"""The table of a batch: natural order, sorting, filters, search and pages."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from mlcore.reading.result import Box, UnreadInk
from recognizer.models import Audit, Batch, Upload
from recognizer.models.natural_order import MAX_KEY_BYTES, natural_key
from recognizer.problems import Problem
from recognizer.services.batches import intake, table
from recognizer.services.batches.left_to_do import left_to_do
from recognizer.services.history.bulk_actions import delete_uploads
from recognizer.services.history.corrections import correct, undo
from tests.readings import make_reading, store_reading
from tests.recognizer.threads import meanwhile, wait_for_a_lock

SORTED_NAMES = [
    "",
    "1.png",
    "2.png",
    "02b.png",
    "10.png",
    "a/scan 9.png",
    "a/scan 10.png",
    "a b/scan 1.png",
    "scan 9.png",
    "Scan 10.png",
    "scan 100.png",
    "scan 99999999999999999999.png",
    "scan x.png",
    "Ä.png",
]


def test_names_are_ordered_naturally():
    backwards = SORTED_NAMES[::-1]
    assert sorted(backwards, key=natural_key) == SORTED_NAMES


@pytest.mark.parametrize("name", ["9" * 200, "1a" * 100, "ﷺ" * 200])
def test_a_key_has_a_bounded_size(name):
    assert len(natural_key(name)) <= MAX_KEY_BYTES


@pytest.fixture
def batch(alice, model, media) -> Batch:
    """Return a batch with answers of several kinds, a file that failed, one that waits, and a deleted upload."""
    batch = intake.create_batch(owner=alice, name="Meters")
    readings = {
        "scan 10.png": make_reading("852", confidence=0.97),
        "scan 9.png": make_reading("71", confidence=0.99),
        "scan 100.png": make_reading("1234", decision="unsure", confidence=0.4),
        "scan 2.png": make_reading("3", decision="unsure", confidence=0.6, unread=[UnreadInk(Box(1, 2, 3, 4), "mark")]),
        "scan 1.png": make_reading("5", confidence=0.98),
    }
    for position, (name, reading) in enumerate(readings.items()):
        prediction = store_reading(reading, owner=alice)
        batch.items.create(position=position, name=name, state="done", upload=prediction.upload)
    batch.items.create(position=5, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=6, name="later.png", state="waiting")
    delete_uploads(alice, [batch.items.get(name="scan 1.png").upload_id])
    return batch


def prediction_of(batch: Batch, name: str):
    return batch.items.get(name=name).upload.predictions.get(is_current=True)


def names(alice, batch: Batch, **options: Any) -> list[str]:
    page = table.table_page(alice, batch, total=batch.items.count(), **options)
    return [row.name.removesuffix(".png") for row in page.rows]


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", ["later", "notes.txt", "scan 1", "scan 2", "scan 9", "scan 10", "scan 100"]),
        ("-name", ["scan 100", "scan 10", "scan 9", "scan 2", "scan 1", "notes.txt", "later"]),
        ("certainty", ["scan 100", "scan 2", "scan 10", "scan 9", "later", "notes.txt", "scan 1"]),
        ("-certainty", ["scan 9", "scan 10", "scan 2", "scan 100", "later", "notes.txt", "scan 1"]),
        ("number", ["scan 2", "scan 9", "scan 10", "scan 100", "later", "notes.txt", "scan 1"]),
        ("-number", ["scan 100", "scan 10", "scan 9", "scan 2", "later", "notes.txt", "scan 1"]),
        ("state", ["scan 9", "scan 10", "scan 2", "scan 100", "scan 1", "notes.txt", "later"]),
        ("added", ["scan 10", "scan 9", "scan 100", "scan 2", "scan 1", "notes.txt", "later"]),
    ],
)
def test_the_table_is_sorted(alice, batch, order, expected):
    assert names(alice, batch, order=order) == expected


def test_numbers_are_sorted_by_their_value_whatever_their_length(alice, model, media):
    batch = intake.create_batch(owner=alice, name="Lengths")
    numbers = [digit * length for length in (100, 99, 10, 9, 2, 1) for digit in "31"]
    for position, number in enumerate(numbers):
        upload = store_reading(make_reading(number), owner=alice).upload
        batch.items.create(position=position, name=f"{position}.png", state="done", upload=upload)
    page = table.table_page(alice, batch, total=len(numbers), order="number")
    assert [row.answer.written for row in page.rows if row.answer] == sorted(numbers, key=int)


def test_the_table_is_filtered(alice, batch):
    correct(prediction=prediction_of(batch, "scan 9.png"), by=alice, kind="correct", text="77")
    correct(prediction=prediction_of(batch, "scan 2.png"), by=alice, kind="confirm")
    correct(prediction=prediction_of(batch, "scan 10.png"), by=alice, kind="correct", text="1")
    undo(prediction=prediction_of(batch, "scan 10.png"), by=alice)
    found = {shown: names(alice, batch, shown=shown) for shown in table.SHOWN if shown}
    assert found == {
        "unsure": ["scan 2", "scan 100"],
        "read": ["scan 9", "scan 10"],
        "rejected": [],
        "open": ["scan 10", "scan 100"],
        "reviewed": ["scan 2", "scan 9"],
        "changed": ["scan 9"],
        "failed": ["notes.txt"],
        "waiting": ["later"],
    }
    assert left_to_do(alice, batch).unsure == 1


@pytest.mark.parametrize(
    ("search", "expected"),
    [("scan 10", ["scan 10", "scan 100"]), ("852", ["scan 10"]), ("NOTES", ["notes.txt"]), ("%", []), ("x" * 100, [])],
)
def test_the_table_is_searched(alice, batch, search, expected):
    assert names(alice, batch, search=search) == expected


def test_a_corrected_number_is_found(alice, batch):
    correct(prediction=prediction_of(batch, "scan 9.png"), by=alice, kind="correct", text="00777")
    assert names(alice, batch, search="0777") == ["scan 9"]
    assert names(alice, batch, search="71") == ["scan 9"]  # as it was read


def test_a_name_with_a_digit_finds_no_numbers(alice, batch):
    assert names(alice, batch, search="scan 9") == ["scan 9"]
    assert names(alice, batch, search="scan 5") == []  # 5 is a digit of 852


def test_only_the_correction_that_counts_is_found(alice, batch):
    for name, texts in (("scan 9.png", ["66"]), ("scan 10.png", ["66", "77"])):
        for text in texts:
            correct(prediction=prediction_of(batch, name), by=alice, kind="correct", text=text)
    undo(prediction=prediction_of(batch, "scan 9.png"), by=alice)
    assert names(alice, batch, search="66") == []
    assert names(alice, batch, search="77") == ["scan 10"]


def test_a_page_that_does_not_exist_is_the_nearest_one(alice, batch, monkeypatch):
    monkeypatch.setattr(table, "ROWS_ON_PAGE", 3)
    assert names(alice, batch, page=2) == ["scan 2", "scan 9", "scan 10"]
    assert names(alice, batch, page=3) == names(alice, batch, page=99) == ["scan 100"]
    assert names(alice, batch, page=-1) == names(alice, batch, page=1)


def test_numbers_of_another_batch_are_not_corrected(alice, bob, batch, add_prediction):
    stranger = intake.create_batch(owner=bob)
    prediction = prediction_of(batch, "scan 9.png")
    for user, other in ((bob, stranger), (bob, batch), (alice, stranger)):
        with pytest.raises(Problem, match="Nothing was found"):
            table.correct_numbers(user, other, {prediction.upload_id: "1"})
    assert not prediction.corrections.exists()


@pytest.mark.django_db(transaction=True)
def test_a_number_that_is_corrected_at_the_same_time_is_not_confirmed(alice, batch):
    prediction = prediction_of(batch, "scan 9.png")
    with meanwhile(lambda: table.confirm_number(alice, batch, prediction.upload_id)):
        correct(prediction=prediction, by=alice, kind="correct", text="77")
    assert [row.kind for row in prediction.upload.corrections.all()] == ["correct"]


@pytest.mark.django_db(transaction=True)
def test_numbers_are_saved_while_a_picture_of_the_batch_is_deleted(alice, model, media, settings):
    """The first number locks the stream. The deletion meanwhile must not hold the picture of the second one."""
    settings.AUDITED_SHARE = 1.0
    batch = intake.create_batch(owner=alice)
    first, second = (store_reading(make_reading(text), owner=alice).upload_id for text in ("71", "85"))
    for position, upload in enumerate((first, second)):
        batch.items.create(position=position, name=f"{position}.png", state="done", upload_id=upload)

    def delete() -> None:
        try:
            delete_uploads(alice, [second])
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            table.correct_numbers(alice, batch, {first: "77"})
            deletion = threads.submit(delete)
            wait_for_a_lock()
            table.correct_numbers(alice, batch, {second: "77"})
        deletion.result()
    assert set(Audit.objects.values_list("is_right", flat=True)) == {False}
    assert Upload.objects.get(pk=second).deleted_at is not None
