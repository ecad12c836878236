"""The page of the review queue: what it says when little or nothing is left."""

import re

import pytest
from django.urls import reverse

from recognizer.views import review

HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


def test_keys_are_explained_where_there_is_something_to_press_them_for(alice_client, given):
    assert "<kbd>" not in alice_client.get(reverse("review")).content.decode()
    given("4", decision="unsure")
    assert "<kbd>Enter</kbd>" in alice_client.get(reverse("review")).content.decode()


def test_sure_answers_are_not_called_unsure(alice_client, given):
    given("4")
    page = alice_client.get(reverse("review") + "?all").content.decode()
    assert "No unsure pictures left. The other pictures follow" in page
    assert "0 unsure" not in page


def test_every_form_remembers_what_was_skipped_and_that_all_are_wanted(alice_client, given):
    skipped, first, second = given("1"), given("22"), given("3")
    place = {"all": "1", "skip": str(skipped.upload_id)}
    url = reverse("review_correct", args=[first.upload_id])
    page = alice_client.post(url, {"action": "confirm", **place}, headers=HTMX)
    assert page.context["prediction"] == second
    forms = re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL)
    assert len(forms) == 6  # the cells, the number, a box, another box, to skip, to take back
    for form in forms:
        assert '<input type="hidden" name="all" value="1">' in form
        assert f'<input type="hidden" name="skip" value="{skipped.upload_id}">' in form


def test_the_last_number_is_left_until_all_of_it_is_said(alice_client, given):
    number = given("12", decision="unsure")
    url = reverse("review_correct", args=[number.upload_id])
    page = alice_client.post(url, {"action": "labels", "label": ["1", "3"]}, headers=HTMX)
    assert "1 unsure picture left." in page.content.decode()
    page = alice_client.post(url, {"action": "confirm"}, headers=HTMX)
    assert "No unsure pictures left." in page.content.decode()


def test_a_number_that_is_being_corrected_shows_what_was_said(alice_client, given):
    number = given("12", decision="unsure")
    url = reverse("review_correct", args=[number.upload_id])
    page = alice_client.post(url, {"action": "labels", "label": ["1", "3"]}, headers=HTMX)
    assert page.context["current_text"] == "13"
    assert "Corrected to <strong>13</strong>" in page.content.decode()
    page = alice_client.post(url, {"action": "labels", "label": ["1", "2"]}, headers=HTMX)
    assert "Confirmed" in page.content.decode()
    assert "Corrected to" not in page.content.decode()


def test_the_last_one_can_be_taken_back_after_the_next_was_skipped(alice_client, given):
    first, second, _ = (given(text, decision="unsure", confidence=int(text) / 10) for text in "123")
    url = reverse("review_correct", args=[first.upload_id])
    page = alice_client.post(url, {"action": "confirm"}, headers=HTMX).content.decode()
    (skip,) = re.findall(r'<form method="get".*?</form>', page, re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', skip)
    assert dict(fields) == {"skip": str(second.upload_id), "previous": str(first.upload_id)}
    page = alice_client.get(reverse("review"), dict(fields), headers=HTMX)
    assert page.context["previous"] == first
    assert f'action="{url}"' in page.content.decode()
    assert alice_client.get(reverse("review"), {"previous": "rubbish"}).status_code == 400


def test_more_than_what_is_counted_to_is_not_said_of_as_many(alice_client, given, monkeypatch):
    monkeypatch.setattr(review, "MAX_COUNTED", 2)
    for text in "12":
        given(text, decision="unsure")
    assert "More than" not in alice_client.get(reverse("review")).content.decode()
    given("3", decision="unsure")
    assert "More than 2 unsure pictures left." in alice_client.get(reverse("review")).content.decode()


def test_the_key_for_no_digit_stands_at_the_button_where_it_presses_it(alice_client, given):
    given("1", decision="unsure", confidence=0.2)
    number = given("12", decision="unsure", confidence=0.3)
    button = "Not a digit <kbd>N</kbd>"
    assert button in alice_client.get(reverse("review")).content.decode()
    page = alice_client.get(reverse("upload_detail", args=[number.upload_id])).content.decode()
    assert "No digits</button>" in page
    assert button not in page  # there it empties one of the cells
