from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import models

from mlcore.training.datasets.mnist import load_folder
from recognizer.services.history.corrections import add_box, correct, undo
from recognizer.services.history.training_labels import training_labels_of
from recognizer.services.learning.consent import choose_training_consent
from recognizer.services.reading.predictions import create_prediction, reread_upload
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def allow_training(alice, bob) -> None:
    for person in (alice, bob):
        choose_training_consent(person, is_given=True)


def export(*arguments: str) -> str:
    out = StringIO()
    call_command("export_corrections", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_exported_corrections_load_as_training_data(model, alice, tmp_path: Path) -> None:
    seven = create_prediction(owner=alice, data=digit_png(7), source="upload")
    letter = create_prediction(owner=alice, data=digit_png(4), source="upload")
    correct(prediction=seven, by=alice, kind="correct", text="1")
    correct(prediction=letter, by=alice, kind="not_a_digit")
    assert export(str(tmp_path / "own"), "--user=alice") == "1 1\nnone 1\n"
    loaded = load_folder(tmp_path / "own")
    assert loaded.labels.tolist() == [1, 10]
    shown = np.frombuffer(bytes(seven.glyphs.get().input), np.uint8).reshape(28, 28)
    assert np.corrcoef(shown.ravel(), loaded.images[0].ravel())[0, 1] > 0.95


def test_only_current_corrections_of_the_named_users_are_exported(add_prediction, alice, bob, tmp_path: Path) -> None:
    confirmed, undone, deleted = add_prediction("12"), add_prediction("3"), add_prediction("4")
    for prediction in (confirmed, undone, deleted):
        correct(prediction=prediction, by=alice, kind="confirm")
    undo(prediction=undone, by=alice)
    deleted.upload.deleted_at = deleted.upload.created_at
    deleted.upload.save()
    correct(prediction=add_prediction("5", owner=bob), by=bob, kind="confirm")
    assert export(str(tmp_path / "alice"), "--user=alice") == "1 1\n2 1\n"
    assert export(str(tmp_path / "both"), "--user=alice", "--user=bob") == "1 1\n2 1\n5 1\n"


def test_a_redrawn_box_has_no_picture(add_prediction, alice) -> None:
    number = add_prediction("12")
    add_box(prediction=number, by=alice, box=(40, 5, 10, 20), label="3")
    assert [(label.label, label.glyph is None) for label in training_labels_of(alice)] == [
        ("1", False),
        ("2", False),
        ("3", True),
    ]


def test_a_correction_holds_after_the_upload_was_read_again(model, alice, media) -> None:
    seven = create_prediction(owner=alice, data=digit_png(7), source="upload")
    correct(prediction=seven, by=alice, kind="correct", text="1")
    again = reread_upload(seven.upload, "digit")
    again.glyphs.update(x=models.F("x") + 1)
    correct(prediction=again, by=alice, kind="correct", text="2")
    [label] = training_labels_of(alice)
    assert label.label == "2"
    assert label.glyph.input == bytes(seven.glyphs.get().input)


def test_a_corrected_text_without_boxes_gives_no_labels(add_prediction, alice) -> None:
    correct(prediction=add_prediction("12"), by=alice, kind="correct", text="123")
    assert list(training_labels_of(alice)) == []


def test_the_number_of_queries_does_not_grow(add_prediction, alice, django_assert_num_queries) -> None:
    for text in ("12", "3", "4"):
        correct(prediction=add_prediction(text), by=alice, kind="confirm")
    with django_assert_num_queries(3):  # uploads, corrections, glyphs
        assert len(list(training_labels_of(alice))) == 4


def test_corrections_of_a_person_who_withdrew_the_consent_are_not_exported(add_prediction, alice, tmp_path) -> None:
    correct(prediction=add_prediction("12"), by=alice, kind="confirm")
    choose_training_consent(alice, is_given=False)
    with pytest.raises(CommandError, match="alice has not allowed training"):
        export(str(tmp_path / "own"), "--user=alice")
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(("user", "message"), [("nobody", "no user nobody"), ("alice", "exists already")])
def test_wrong_usage_is_an_error(alice, user: str, message: str, tmp_path: Path) -> None:
    folder = tmp_path if user == "alice" else tmp_path / "new"
    with pytest.raises(CommandError, match=message) as failure:
        export(str(folder), f"--user={user}")
    assert failure.value.returncode == 2


def test_a_number_with_signs_is_exported_digit_by_digit(model, alice, media, tmp_path: Path) -> None:
    prediction = store_reading(make_reading("-12.5\n7%"), owner=alice)
    correct(prediction=prediction, by=alice, kind="correct", written="-12.6\n7%")

    assert export(str(tmp_path / "own"), "--user=alice") == "1 1\n2 1\n6 1\n7 1\n"
