"""What was deleted and is still kept: where its owner finds it, until when, and how it comes back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from recognizer.models import Upload
from recognizer.services.history import corrections
from recognizer.services.history.bulk_actions import delete_uploads

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def gone(given):
    """A picture that was deleted so many days after DAY."""

    def delete(text="7", *, days=0, **given_as):
        prediction = given(text, **given_as)
        Upload.objects.filter(pk=prediction.upload_id).update(deleted_at=DAY + timedelta(days=days))
        return prediction

    return delete


def listed(client, **query) -> list[str]:
    page = client.get(reverse("history_deleted"), query)
    assert page.status_code == 200
    return [upload.current[0].text for upload in page.context["page"].rows]


def kept(client) -> list[str]:
    return [prediction.text for prediction in client.get(reverse("history")).context["page"].rows]


def test_the_last_deletion_is_first(alice_client, given, gone):
    given("4")
    gone("1", days=1), gone("2", days=3), gone("3", days=2)
    assert listed(alice_client) == ["2", "3", "1"]


def test_each_shows_the_day_on_which_it_goes_for_good(alice_client, gone, settings):
    settings.DELETED_UPLOADS_KEPT_DAYS = 7
    gone()
    assert "12 Mar 2026" in alice_client.get(reverse("history_deleted")).content.decode()


def test_each_shows_the_answer_that_stood(alice, alice_client, gone):
    corrections.correct(prediction=gone("1"), by=alice, kind="correct", text="8642")
    taken_back = gone("3579")
    corrections.correct(prediction=taken_back, by=alice, kind="correct", text="9999")
    corrections.undo(prediction=taken_back, by=alice)
    page = alice_client.get(reverse("history_deleted")).content.decode()
    assert ("8642" in page, "3579" in page, "9999" in page) == (True, True, False)


def test_one_of_several_comes_back(alice_client, given, gone):
    given("4"), gone("1")
    picked = gone("2")
    alice_client.post(reverse("history_restore"), {"pick": [str(picked.upload_id)]})
    assert (kept(alice_client), listed(alice_client)) == (["4", "2"], ["1"])


def test_all_come_back_those_of_other_pages_too(alice_client, gone, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 1)
    gone("1"), gone("2")
    page = alice_client.post(reverse("history_restore"), {"all": "1"}, follow=True)
    assert "2 pictures restored." in page.content.decode()
    assert listed(alice_client) == []


@pytest.mark.parametrize(("form", "words"), [({}, "Select at least one picture."), ({"pick": "x"}, "key is not valid")])
def test_who_picks_nothing_is_told(alice_client, gone, form, words):
    gone()
    answer = alice_client.post(reverse("history_restore"), form)
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_a_stranger_neither_sees_nor_brings_back(bob_client, gone):
    pk = gone().upload_id
    assert listed(bob_client) == []
    for form in ({"pick": [str(pk)]}, {"all": "1"}):
        bob_client.post(reverse("history_restore"), form)
    assert bob_client.get(reverse("upload_thumbnail", args=[pk])).status_code == 404
    assert Upload.objects.get().deleted_at == DAY


def test_its_owner_still_sees_it_small_and_in_no_other_way(alice_client, gone):
    pk = gone().upload_id
    assert alice_client.get(reverse("upload_thumbnail", args=[pk])).status_code == 200
    for name in ("upload_picture", "upload_original", "upload_detail"):
        assert alice_client.get(reverse(name, args=[pk])).status_code == 404


def test_it_has_pages(alice_client, gone, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 2)
    for days, text in enumerate("123"):
        gone(text, days=days)
    first = alice_client.get(reverse("history_deleted")).context["page"]
    assert listed(alice_client, cursor=first.older) == ["1"]
    Upload.objects.update(deleted_at=None)
    emptied = alice_client.get(reverse("history_deleted"), {"cursor": first.older}).content.decode()
    assert "This page of the list is empty now." in emptied


def test_a_forged_cursor_is_refused(alice_client, gone):
    gone()
    assert alice_client.get(reverse("history_deleted"), {"cursor": "x"}).status_code == 400


def test_history_and_account_lead_here_once_something_is_deleted(alice, alice_client, given):
    uploads = [given(text).upload_id for text in "123"]
    link = f'href="{reverse("history_deleted")}"'
    pages = [reverse("history"), reverse("account")]
    assert not any(link in alice_client.get(page).content.decode() for page in pages)
    delete_uploads(alice, uploads[:2])
    assert all(link in alice_client.get(page).content.decode() for page in pages)
    account = alice_client.get(reverse("account")).content.decode()
    assert "3 pictures" in account
    assert "2 of them are deleted" in account


def test_what_another_deleted_leads_nowhere(bob_client, gone):
    gone()
    for page in ("history", "account"):
        assert reverse("history_deleted") not in bob_client.get(reverse(page)).content.decode()


def test_a_full_page_asks_as_much_as_a_short_one(alice_client, gone, django_assert_num_queries):
    for _ in range(30):
        gone()
    with django_assert_num_queries(4):  # session, person, pictures, their answers
        assert len(listed(alice_client)) == 30


def test_it_is_marked_as_a_part_of_the_history(alice_client):
    page = alice_client.get(reverse("history_deleted")).content.decode()
    assert f'<a href="{reverse("history")}" aria-current="true">' in page
    assert f'<a href="{reverse("review")}">' in page
