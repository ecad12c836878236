"""Access to pages: other users, anonymous users, and forms without a CSRF token."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from recognizer.models import Correction, Prediction, Upload
from recognizer.views.errors import server_error

pytestmark = pytest.mark.django_db

UPLOAD_PAGES = ["upload_detail", "upload_maps", "upload_original", "upload_picture", "upload_thumbnail"]
UPLOAD_ACTIONS = ["upload_correct", "upload_read_again", "upload_delete", "review_correct"]
PRIVATE_PAGES = [
    "history",
    "history_deleted",
    "history_statistics",
    "review",
    "batches",
    "account",
    "account_export_file",
    "notices",
]
PUBLIC_PAGES = ["login", "about", "manifest", "password_reset", "signup"]


@pytest.mark.parametrize("name", UPLOAD_PAGES)
def test_another_users_upload_gets_the_same_404_as_a_missing_one(bob_client, add_prediction, name):
    prediction = add_prediction()
    theirs = bob_client.get(reverse(name, args=[prediction.upload_id]))
    missing = bob_client.get(reverse(name, args=[prediction.pk]))
    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


def test_only_staff_see_a_link_to_the_admin(admin_client, alice_client):
    link = f'href="{reverse("admin:index")}"'
    assert link in admin_client.get(reverse("about")).content.decode()
    assert link not in alice_client.get(reverse("about")).content.decode()


def test_a_404_page_links_to_the_history(alice_client):
    page = alice_client.get("/nothing/here/")
    assert page.status_code == 404
    assert reverse("history") in page.content.decode()


def test_the_500_page_makes_no_database_query(rf, alice, django_assert_num_queries):
    request = rf.get("/")
    request.user = SimpleLazyObject(lambda: User.objects.get(pk=alice.pk))
    with django_assert_num_queries(0):
        assert server_error(request).status_code == 500


@pytest.mark.parametrize("name", UPLOAD_ACTIONS)
def test_another_user_cannot_change_an_upload(bob_client, add_prediction, name):
    prediction = add_prediction()
    answer = bob_client.post(reverse(name, args=[prediction.upload_id]), {"action": "not_a_digit", "mode": "digit"})
    assert answer.status_code == 404
    assert not Correction.objects.exists()
    assert Prediction.objects.count() == 1
    assert Upload.objects.get().deleted_at is None


def test_bulk_actions_ignore_another_users_uploads(bob_client, add_prediction):
    prediction = add_prediction()
    bob_client.post(reverse("history_bulk"), {"action": "delete", "pick": [str(prediction.upload_id)]})
    assert Upload.objects.get().deleted_at is None
    table = bob_client.post(reverse("history_bulk"), {"action": "csv", "pick": [str(prediction.upload_id)]})
    assert str(prediction.upload_id) not in b"".join(table).decode()


def test_the_history_does_not_show_another_users_uploads(bob_client, add_prediction):
    prediction = add_prediction()
    assert str(prediction.upload_id) not in bob_client.get(reverse("history")).content.decode()


@pytest.mark.parametrize("name", PRIVATE_PAGES)
def test_anonymous_users_are_redirected_to_the_login_page(client, name):
    page = client.get(reverse(name))
    assert page.status_code == 302
    assert page.url.startswith(reverse("login"))


@pytest.mark.parametrize("name", PUBLIC_PAGES)
def test_public_pages_need_no_login(client, model, name):
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["upload_create", "preview", "example_create", "history_bulk", "token_create"])
def test_a_form_without_a_csrf_token_gets_403_with_a_text(alice, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse(name), {"image": "x"})
    assert answer.status_code == 403
    assert "Reload the page and send it again." in answer.content.decode()


def send_expired(user, fields, **kwargs):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.get(reverse("preset_create"))
    return client.post(reverse("preset_create"), fields, **kwargs)


def test_an_expired_form_of_this_site_keeps_what_was_entered(alice):
    fields = {"mode": "lines", "name": 'Meter "A"', "digits": "5", "csrfmiddlewaretoken": "old"}
    answer = send_expired(alice, fields, headers={"Origin": "http://testserver"})
    page = answer.content.decode()
    assert (answer.status_code, answer["X-Account"]) == (403, str(alice.pk))
    assert '<input type="hidden" name="name" value="Meter &quot;A&quot;">' in page
    assert '<input type="hidden" name="digits" value="5">' in page
    assert "It will be sent as alice." in page
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    again = answer.client.post(reverse("preset_create"), fields | {"csrfmiddlewaretoken": token})
    assert again.status_code == 302
    assert alice.presets.get().name == 'Meter "A"'


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://testserver.evil.example"])
def test_an_expired_form_of_another_site_gets_nothing_back(alice, origin):
    answer = send_expired(alice, {"name": "Meter"}, headers={"Origin": origin} if origin else {})
    assert answer.status_code == 403
    assert "Meter" not in answer.content.decode()
    assert "X-CSRFToken" not in answer


@pytest.mark.parametrize(
    ("referrer", "link"),
    [("http://testserver/review/?batch=1", "/review/?batch=1"), ("https://evil.example/", "/"), ("", "/")],
)
def test_an_expired_form_leads_back_to_its_page(alice, referrer, link):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse("history_bulk"), headers={"Origin": "http://testserver", "Referer": referrer})
    found = re.search(r'href="([^"]*)">Open the page again', answer.content.decode())[1]
    assert found.removeprefix("http://testserver") == link


def test_a_password_in_an_expired_form_does_not_come_back(alice):
    answer = send_expired(alice, {"name": "x", "password": "secret-1"}, headers={"Origin": "http://testserver"})
    assert "secret-1" not in answer.content.decode()
    assert "Files and passwords are not kept." in answer.content.decode()


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_login_does_not_redirect_to_another_host(client, alice, target):
    form = {"username": "alice", "password": "alice-password", "next": target}
    assert client.post(reverse("login"), form).url == reverse("desk")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_the_theme_form_does_not_redirect_to_another_host(client, target):
    assert client.post(reverse("theme"), {"theme": "dark", "next": target}).url == reverse("desk")


def test_opening_a_forms_address_redirects_to_its_page(alice_client, add_prediction):
    pk = add_prediction().upload_id
    for name, where in (
        (reverse("upload_create"), reverse("desk")),
        (reverse("upload_delete", args=[pk]), reverse("upload_detail", args=[pk])),
        (reverse("history_bulk"), reverse("history")),
        (reverse("token_revoke", args=[pk]), reverse("account")),
    ):
        assert alice_client.get(name, follow=True).redirect_chain[-1] == (where, 302)


def test_a_form_sent_after_logging_out_is_reported_as_not_saved(client, alice):
    login = client.post(reverse("upload_create"), {"image": "x"}, follow=True)
    assert "Log in and try it again." in login.content.decode()
    form = {"username": "alice", "password": "alice-password", "next": login.context["next"]}
    assert client.post(reverse("login"), form, follow=True).redirect_chain[-1] == (reverse("desk"), 302)


def test_opening_the_form_address_of_an_earlier_prediction_redirects_to_that_prediction(alice_client, add_prediction):
    prediction = add_prediction()
    form = reverse("upload_correct", args=[prediction.upload_id])
    page = reverse("upload_detail", args=[prediction.upload_id])
    assert alice_client.get(form, {"answer": str(prediction.pk)}).url == f"{page}?answer={prediction.pk}"


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_get_request_after_logging_out_is_not_reported(client, method):
    assert getattr(client, method)(reverse("history")).url == f"{reverse('login')}?next={reverse('history')}"


def test_logging_out_twice_is_not_reported(client, db):
    assert "Log in and try it again." not in client.post(reverse("logout"), follow=True).content.decode()


def test_a_wrong_method_gets_405_with_a_text(alice_client):
    answer = alice_client.put(reverse("upload_create"))
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "This method is not allowed at this address." in answer.content.decode()


def test_404_pages_below_the_history_are_identical_to_others(alice_client):
    pages = [alice_client.get(address) for address in ("/history/nothing/", "/nothing/")]
    assert [page.status_code for page in pages] == [404, 404]
    assert pages[0].content == pages[1].content


@pytest.mark.parametrize("name", ["upload_original", "upload_picture", "upload_thumbnail"])
def test_a_missing_file_gets_404(alice_client, add_prediction, name):
    upload = add_prediction().upload
    Upload.objects.update(picture="", thumbnail="")  # neither was made yet
    upload.original.storage.delete(upload.original.name)
    assert alice_client.get(reverse(name, args=[upload.pk])).status_code == 404


@pytest.mark.parametrize("name", ["desk", "history", "review"])
def test_pages_answer_head_requests(alice_client, model, name):
    assert alice_client.head(reverse(name)).status_code == 200
