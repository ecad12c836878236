"""The page of deleted pictures: what it lists, until when, and how pictures are restored."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from recognizer.models import Upload
from recognizer.services.history import corrections
from recognizer.services.history.bulk_actions import delete_uploads
from tests.recognizer.views.histories import shown

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def delete_picture(add_prediction):
    """Return a function that creates a picture which was deleted the given number of days after DAY."""

    def delete(text="7", *, days=0, **options):
        prediction = add_prediction(text, **options)
        Upload.objects.filter(pk=prediction.upload_id).update(deleted_at=DAY + timedelta(days=days))
        return prediction

    return delete


def deleted_texts(client, **query) -> list[str]:
    page = client.get(reverse("history_deleted"), query)
    assert page.status_code == 200
    return [upload.current[0].text for upload in page.context["page"].rows]


def test_the_latest_deletion_is_first(alice_client, add_prediction, delete_picture):
    add_prediction("4")
    delete_picture("1", days=1), delete_picture("2", days=3), delete_picture("3", days=2)
    assert deleted_texts(alice_client) == ["2", "3", "1"]


def test_each_picture_shows_the_date_of_its_removal(alice_client, delete_picture, settings):
    settings.DELETED_UPLOADS_KEPT_DAYS = 7
    delete_picture()
    assert "12 Mar 2026" in alice_client.get(reverse("history_deleted")).content.decode()


def test_each_picture_shows_its_current_text(alice, alice_client, delete_picture):
    corrections.correct(prediction=delete_picture("1"), by=alice, kind="correct", text="8642")
    taken_back = delete_picture("3579")
    corrections.correct(prediction=taken_back, by=alice, kind="correct", text="9999")
    corrections.undo(prediction=taken_back, by=alice)
    page = alice_client.get(reverse("history_deleted")).content.decode()
    assert ("8642" in page, "3579" in page, "9999" in page) == (True, True, False)


def test_a_selected_picture_is_restored(alice_client, add_prediction, delete_picture):
    add_prediction("4"), delete_picture("1")
    selected = delete_picture("2")
    alice_client.post(reverse("history_restore"), {"pick": [str(selected.upload_id)]})
    assert (shown(alice_client), deleted_texts(alice_client)) == (["4", "2"], ["1"])


def test_all_pictures_of_all_pages_can_be_restored(alice_client, delete_picture, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 1)
    delete_picture("1"), delete_picture("2")
    page = alice_client.post(reverse("history_restore"), {"all": "1"}, follow=True)
    assert "2 pictures restored." in page.content.decode()
    assert deleted_texts(alice_client) == []


@pytest.mark.parametrize(("form", "words"), [({}, "Select at least one picture."), ({"pick": "x"}, "key is not valid")])
def test_an_invalid_selection_gets_an_error(alice_client, delete_picture, form, words):
    delete_picture()
    answer = alice_client.post(reverse("history_restore"), form)
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_another_user_can_neither_see_nor_restore_deleted_pictures(bob_client, delete_picture):
    pk = delete_picture().upload_id
    assert deleted_texts(bob_client) == []
    for form in ({"pick": [str(pk)]}, {"all": "1"}):
        bob_client.post(reverse("history_restore"), form)
    assert bob_client.get(reverse("upload_thumbnail", args=[pk])).status_code == 404
    assert Upload.objects.get().deleted_at == DAY


def test_only_the_thumbnail_of_a_deleted_picture_is_served(alice_client, delete_picture):
    pk = delete_picture().upload_id
    assert alice_client.get(reverse("upload_thumbnail", args=[pk])).status_code == 200
    for name in ("upload_picture", "upload_original", "upload_detail"):
        assert alice_client.get(reverse(name, args=[pk])).status_code == 404


def test_the_list_has_pages(alice_client, delete_picture, monkeypatch):
    monkeypatch.setattr("recognizer.services.history.pages.PAGE_SIZE", 2)
    for days, text in enumerate("123"):
        delete_picture(text, days=days)
    first = alice_client.get(reverse("history_deleted")).context["page"]
    assert deleted_texts(alice_client, cursor=first.older) == ["1"]
    Upload.objects.update(deleted_at=None)
    emptied = alice_client.get(reverse("history_deleted"), {"cursor": first.older}).content.decode()
    assert "This page of the list is empty now." in emptied


def test_a_forged_cursor_is_refused(alice_client, delete_picture):
    delete_picture()
    assert alice_client.get(reverse("history_deleted"), {"cursor": "x"}).status_code == 400


def test_history_and_account_link_to_the_deleted_pictures_if_there_are_any(alice, alice_client, add_prediction):
    uploads = [add_prediction(text).upload_id for text in "123"]
    link = f'href="{reverse("history_deleted")}"'
    pages = [reverse("history"), reverse("account")]
    assert not any(link in alice_client.get(page).content.decode() for page in pages)
    delete_uploads(alice, uploads[:2])
    assert all(link in alice_client.get(page).content.decode() for page in pages)
    account = alice_client.get(reverse("account")).content.decode()
    assert "3 pictures" in account
    assert "2 of them are deleted" in account


def test_another_users_deletions_show_no_link(bob_client, delete_picture):
    delete_picture()
    for page in ("history", "account"):
        assert reverse("history_deleted") not in bob_client.get(reverse(page)).content.decode()


def test_a_full_page_needs_five_queries(alice_client, delete_picture, django_assert_num_queries):
    for _ in range(30):
        delete_picture()
    with django_assert_num_queries(5):  # session, person, pictures, their answers, unread notices
        assert len(deleted_texts(alice_client)) == 30


def test_the_navigation_marks_the_history(alice_client):
    page = alice_client.get(reverse("history_deleted")).content.decode()
    assert f'<a href="{reverse("history")}" aria-current="true">' in page
    assert f'<a href="{reverse("review")}">' in page
