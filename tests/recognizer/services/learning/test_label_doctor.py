"""Tests of the label doctor: it names wrong labels, to their owner alone."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from recognizer.services.history.corrections import correct, undo
from recognizer.services.learning.label_doctor import check_labels
from recognizer.services.reading.predictions import create_prediction
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


def review(person, digit: int, label: str, seed: int = 0):
    prediction = create_prediction(owner=person, data=digit_png(digit, seed=seed), source="upload", mode="digit")
    correct(prediction=prediction, by=person, kind="correct", text=label)
    return prediction


def test_wrong_labels_are_found_among_right_ones(model, alice, media):
    for digit in range(10):
        review(alice, digit, str(digit))
    wrong = [review(alice, 7, "1", seed=1), review(alice, 3, "8", seed=1)]
    check = check_labels(alice)
    assert check.checked == 12
    assert {each.upload_id for each in check.doubtful} == {prediction.upload_id for prediction in wrong}
    assert {(each.label, each.said) for each in check.doubtful} == {("1", "7"), ("8", "3")}


def test_the_page_shows_only_own_labels(model, alice, media, alice_client, bob_client):
    wrong = review(alice, 7, "1")
    page = reverse("quality_labels")
    assert str(wrong.upload_id) in alice_client.get(page).content.decode()
    assert "you said <strong>1</strong>" in alice_client.get(page).content.decode()
    assert str(wrong.upload_id) not in bob_client.get(page).content.decode()
    assert "You have not reviewed any digit yet." in bob_client.get(page).content.decode()


def test_a_label_that_its_author_keeps_is_not_doubted_again(model, alice, media, alice_client, bob_client):
    wrong = review(alice, 7, "1")
    page, keep = reverse("quality_labels"), reverse("quality_label_keep", args=[wrong.upload_id])
    x, y, width, height = wrong.upload.corrections.get().boxes[0]["box"]
    assert f'<rect x="{x}" y="{y}" width="{width}" height="{height}" />' in alice_client.get(page).content.decode()
    assert bob_client.post(keep).status_code == 404
    told = alice_client.post(keep, follow=True).content.decode()
    assert "Kept. This picture is not doubted again." in told
    assert str(wrong.upload_id) not in told
    correct(prediction=wrong, by=alice, kind="correct", text="3")
    assert str(wrong.upload_id) in alice_client.get(page).content.decode()  # another label is doubted anew
    undo(prediction=wrong, by=alice)
    assert wrong.upload.corrections.order_by("-created_at").first().text == "1"


def test_nothing_is_kept_without_a_correction(model, alice, media, alice_client):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="digit")
    assert alice_client.post(reverse("quality_label_keep", args=[prediction.upload_id])).status_code == 409
    assert not prediction.upload.corrections.exists()


def test_the_page_says_that_no_label_is_doubtful(model, alice, media, alice_client):
    review(alice, 7, "7")
    review(alice, 3, "3")
    page = alice_client.get(reverse("quality_labels")).content.decode()
    assert "None of the 2 digits that you reviewed last is doubtful." in page


def test_the_command_lists_pictures_and_labels(model, alice, media):
    wrong = review(alice, 7, "1")
    out = StringIO()
    call_command("check_labels", "--user=alice", stdout=out, stderr=StringIO())
    assert out.getvalue().startswith(f"{wrong.upload_id} digit 1: labelled 1, read as 7, doubt ")
    with pytest.raises(CommandError, match="no user nobody"):
        call_command("check_labels", "--user=nobody")
