"""The account's decimal mark: chosen on the account page, and followed by pages, API and batches."""

import pytest
from django.urls import reverse

from recognizer.services.batches import intake
from recognizer.services.reading.predictions import create_prediction, reread_upload
from recognizer.services.reading.preferences import choose_decimal_mark, decimal_mark_of
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mark", ["point", "comma", ""])
def test_the_account_page_saves_the_decimal_mark(alice, alice_client, mark):
    choose_decimal_mark(alice, "point")
    alice_client.post(reverse("account_decimal"), {"decimal": mark})

    assert decimal_mark_of(alice.pk) == (mark or None)
    page = alice_client.get(reverse("account")).content.decode()
    assert f'name="decimal" value="{mark}" aria-pressed="true"' in page


def test_an_unknown_decimal_mark_is_refused(alice, alice_client):
    choose_decimal_mark(alice, "comma")

    assert alice_client.post(reverse("account_decimal"), {"decimal": "dot"}).status_code == 400
    assert decimal_mark_of(alice.pk) == "comma"


def test_readings_follow_the_accounts_decimal_mark_unless_the_request_names_one(alice, model, media):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload")
    choose_decimal_mark(alice, "comma")

    assert (first.decimal, reread_upload(first.upload, "auto").decimal) == ("", "comma")
    assert create_prediction(owner=alice, data=digit_png(7), source="api", decimal="point").decimal == "point"
    assert intake.new_batch(owner=alice).decimal == "comma"
    assert intake.new_batch(owner=alice, decimal="point").decimal == "point"


@pytest.mark.parametrize("sent", [{}, {"save": "false"}])
def test_the_api_takes_a_decimal_mark_and_follows_the_accounts(client, alice, alice_token, model, media, sent):
    choose_decimal_mark(alice, "comma")
    post = {"path": "/api/v1/predictions/", "content_type": "image/png", "headers": alice_token}

    for given, expected in (({}, "comma"), ({"decimal": "point"}, "point")):
        answer = client.post(**post, data=digit_png(7), query_params=sent | given)
        assert answer.json()["decimal"] == expected
    assert client.post(**post, data=digit_png(7), query_params={"decimal": "dot"}).status_code == 400
    assert client.get("/api/v1/me/", headers=alice_token).json()["decimal"] == "comma"
