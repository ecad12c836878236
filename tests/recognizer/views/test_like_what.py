"""Alike digits: training digits where they are embedded, and one's own confirmed digits."""

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from mlcore.explaining.neighbours import embed
from recognizer.services.explaining import training_digits as module
from recognizer.services.explaining.explanations import explain_glyph
from recognizer.services.explaining.likeness import confirmed_digits, find_alike
from recognizer.services.explaining.training_digits import store_training_digits, training_digits
from recognizer.services.history import bulk_actions, corrections
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forget_training_digits():
    yield
    training_digits.opened.clear()


def read(owner, digit, seed, kind=None):
    prediction = create_prediction(owner=owner, data=digit_png(digit, seed=seed), source="upload", mode="digit")
    if kind:
        corrections.correct(prediction=prediction, by=owner, kind=kind, text=str(digit))
    return prediction.glyphs.get()


@pytest.fixture
def glyph(alice, model):
    return read(alice, 7, 3)


@pytest.fixture
def examples():
    """Return thirty images, which stand for training digits, and their labels."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (30, 28, 28)).astype(np.uint8)
    return images, np.arange(30, dtype=np.uint8) % 10


def page(client, glyph):
    answer = client.get(reverse("like_what", args=[glyph.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_embeddings_the_page_tells_staff_how_to_add_them(alice, alice_client, glyph):
    text = page(alice_client, glyph)
    assert "are not stored on this server" in text
    assert "manage.py embed_digits" not in text
    type(alice).objects.filter(pk=alice.pk).update(is_staff=True)
    assert "manage.py embed_digits" in page(alice_client, glyph)
    assert "You have not confirmed or corrected another digit yet." in text


def test_the_nearest_training_digits_equal_brute_force(alice, alice_client, glyph, model, examples):
    images, labels = examples
    images[4] = np.frombuffer(bytes(glyph.input), np.uint8).reshape(28, 28)
    store_training_digits(model, images, labels)
    explained = explain_glyph(glyph)
    alike = find_alike(explained, alice)
    vectors = embed(explained.explainer, images).astype(np.float64)
    (vector,) = embed(explained.explainer, explained.image[np.newaxis])
    expected = sorted(range(30), key=lambda index: -float(vectors[index] @ vector))[:8]
    assert [each.label for each in alike.training] == [labels[index] for index in expected]
    assert expected[0] == 4
    assert (alike.training[0].image == images[4]).all()
    assert alike.training[0].similarity == pytest.approx(1, abs=1e-5)
    assert "Of the 8 training digits" in page(alice_client, glyph)


def test_embedding_again_replaces_the_digits(alice, glyph, model, examples, monkeypatch):
    monkeypatch.setattr(training_digits, "ASK_EVERY_SECONDS", 0)
    images, labels = examples
    store_training_digits(model, images, labels)
    assert len(training_digits.fetch(model).images) == 30
    store_training_digits(model, images[:5], labels[:5])
    assert len(training_digits.fetch(model).images) == 5
    names = module.default_storage.listdir(f"embeddings/{model.digest}")[1]
    assert len(names) == 4


def test_own_confirmed_digits_are_found_with_their_true_labels(alice, alice_client, glyph):
    confirmed = read(alice, 7, 5, "confirm")
    corrected = read(alice, 1, 6, "correct")
    read(alice, 4, 7)  # not confirmed
    alike = find_alike(explain_glyph(glyph), alice)
    assert alike.own_compared == 2
    assert {each.glyph.pk: each.label for each in alike.own} == {confirmed.pk: 7, corrected.pk: 1}
    assert alike.own[0].glyph == confirmed
    assert str(confirmed.pk) in page(alice_client, glyph)


def test_the_digit_itself_deleted_and_undone_ones_are_left_out(alice, glyph):
    corrections.correct(prediction=glyph.prediction, by=alice, kind="confirm")
    deleted = read(alice, 7, 5, "confirm")
    bulk_actions.delete_uploads(alice, [deleted.prediction.upload_id])
    undone = read(alice, 7, 6, "confirm")
    corrections.undo(prediction=undone.prediction, by=alice)
    assert find_alike(explain_glyph(glyph), alice).own == []


def test_nobody_elses_digits_are_compared(alice, bob, bob_client, glyph):
    read(bob, 7, 5, "confirm")
    assert find_alike(explain_glyph(glyph), alice).own == []
    assert bob_client.get(reverse("like_what", args=[glyph.pk])).status_code == 404


def test_the_number_of_queries_does_not_grow(alice, alice_client, glyph, django_assert_max_num_queries):
    for seed in range(6):
        read(alice, 7, seed + 10, "confirm")
    page(alice_client, glyph)
    with django_assert_max_num_queries(12):
        page(alice_client, glyph)
    assert len(confirmed_digits(alice)) == 6


def test_the_command_embeds_training_digits(npz, model, glyph, capsys):
    call_command("embed_digits", data=npz, digits=50)
    assert "50 training digits are embedded with" in capsys.readouterr().out
    assert len(training_digits.fetch(model).images) == 50


@pytest.mark.parametrize("options", [{"model": "no-such-model"}, {"digits": 0}, {"data": Path("/no/such/file")}])
def test_the_command_refuses_what_does_not_exist(model, options):
    with pytest.raises(CommandError):
        call_command("embed_digits", **options)
