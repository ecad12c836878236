"""The page of notices, their number in the header, and the buttons that mark them as read."""

from datetime import timedelta

import pytest
from django.urls import reverse

from recognizer.models import Notice
from recognizer.services.people.notices import tell_person
from recognizer.words.notices import EXPORT_READY

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(alice) -> Notice:
    return tell_person(alice.pk, EXPORT_READY, link="/account/")


def page_of(client, name="notices") -> str:
    return client.get(reverse(name)).content.decode()


def test_every_page_shows_the_number_of_unread_notices(alice, alice_client, bob_client, notice):
    tell_person(alice.pk, EXPORT_READY)
    assert "Notices, 2 unread" in page_of(alice_client, "history")
    assert "unread" not in page_of(bob_client, "history")


def test_more_than_99_are_not_counted(alice, alice_client):
    Notice.objects.bulk_create(Notice(owner=alice, kind=EXPORT_READY) for _ in range(200))
    assert "Notices, 99+ unread" in page_of(alice_client, "history")


def test_the_list_shows_what_is_new(alice_client, notice):
    page = page_of(alice_client)
    assert "Your data export is ready" in page
    assert 'class="notice-new"' in page
    assert Notice.objects.get().read_at is None  # looking changes nothing


def test_a_notice_is_opened_and_read(alice_client, notice):
    for _ in range(2):
        response = alice_client.post(reverse("notice_open", args=[notice.pk]))
        assert response.headers["Location"] == "/account/"
    notice.refresh_from_db()
    assert notice.read_at
    assert 'class="notice-new"' not in page_of(alice_client)


def test_all_notices_up_to_the_newest_shown_one_are_read(alice, alice_client, notice):
    until = alice_client.get(reverse("notices")).context["until"]
    later = tell_person(alice.pk, EXPORT_READY)
    response = alice_client.post(reverse("notices_read"), {"until": until})
    assert response.headers["Location"] == reverse("notices")
    assert list(Notice.objects.filter(read_at=None)) == [later]


@pytest.mark.parametrize("until", ["", "yesterday", "9" * 39, "0001-01-01T00:00:00+23:59"])
def test_a_forged_time_changes_nothing(alice_client, notice, until):
    assert alice_client.post(reverse("notices_read"), {"until": until}).status_code == 400
    assert Notice.objects.get().read_at is None


def test_strangers_neither_see_nor_read_a_notice(bob_client, notice):
    assert "export" not in page_of(bob_client)
    assert bob_client.post(reverse("notice_open", args=[notice.pk])).status_code == 404
    bob_client.post(reverse("notices_read"), {"until": notice.created_at.isoformat()})
    assert Notice.objects.get().read_at is None


def test_an_empty_list_says_what_will_be_there(alice_client):
    page = page_of(alice_client)
    assert "No notices." in page
    assert "Mark all as read" not in page


def test_ten_thousand_notices_are_shown_in_pages(alice, alice_client, django_assert_max_num_queries):
    newest = tell_person(alice.pk, EXPORT_READY).created_at
    Notice.objects.bulk_create(
        Notice(owner=alice, kind=EXPORT_READY, created_at=newest - timedelta(minutes=number))
        for number in range(1, 10_000)
    )
    with django_assert_max_num_queries(12):
        response = alice_client.get(reverse("notices"))
    assert len(response.context["notices"]) == 50
    second = alice_client.get(reverse("notices"), {"cursor": response.context["page"].older})
    assert second.context["page"].newer


def test_the_api_lists_notices(client, alice_token, bob_token, notice):
    body = client.get("/api/v1/notices/", headers=alice_token).json()
    (one,) = body["results"]
    assert (one["kind"], one["title"], one["read_at"]) == ("export_ready", "Your data export is ready", None)
    assert one["page_url"] == "http://testserver/account/"
    assert client.get("/api/v1/notices/", headers=bob_token).json()["results"] == []
