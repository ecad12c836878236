"""Who may open what: strangers, the anonymous, forms from elsewhere."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from recognizer.models import Correction, Prediction, Upload
from recognizer.views.errors import server_error

pytestmark = pytest.mark.django_db

OF_AN_UPLOAD = ["upload_detail", "upload_maps", "upload_original", "upload_picture", "upload_thumbnail"]
CHANGING_AN_UPLOAD = ["upload_correct", "upload_read_again", "upload_delete", "review_correct"]
FOR_MEMBERS = [
    "desk",
    "history",
    "history_deleted",
    "history_statistics",
    "review",
    "batches",
    "account",
    "account_export",
]
FOR_ALL = ["login", "about", "manifest", "password_reset", "signup"]


@pytest.mark.parametrize("name", OF_AN_UPLOAD)
def test_a_stranger_gets_what_a_missing_upload_gets(bob_client, given, name):
    prediction = given()
    theirs = bob_client.get(reverse(name, args=[prediction.upload_id]))
    missing = bob_client.get(reverse(name, args=[prediction.pk]))
    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


def test_staff_find_the_admin_from_every_page(admin_client, alice_client):
    link = f'href="{reverse("admin:index")}"'
    assert link in admin_client.get(reverse("about")).content.decode()
    assert link not in alice_client.get(reverse("about")).content.decode()


def test_where_nothing_is_the_way_on_is_shown(alice_client):
    page = alice_client.get("/nothing/here/")
    assert page.status_code == 404
    assert reverse("history") in page.content.decode()


def test_the_page_of_a_failure_asks_no_database(rf, alice, django_assert_num_queries):
    request = rf.get("/")
    request.user = SimpleLazyObject(lambda: User.objects.get(pk=alice.pk))
    with django_assert_num_queries(0):
        assert server_error(request).status_code == 500


@pytest.mark.parametrize("name", CHANGING_AN_UPLOAD)
def test_a_stranger_changes_nothing(bob_client, given, name):
    prediction = given()
    answer = bob_client.post(reverse(name, args=[prediction.upload_id]), {"action": "not_a_digit", "mode": "digit"})
    assert answer.status_code == 404
    assert not Correction.objects.exists()
    assert Prediction.objects.count() == 1
    assert Upload.objects.get().deleted_at is None


def test_a_stranger_cannot_pick_another_ones_pictures(bob_client, given):
    prediction = given()
    bob_client.post(reverse("history_bulk"), {"action": "delete", "pick": [str(prediction.upload_id)]})
    assert Upload.objects.get().deleted_at is None
    table = bob_client.post(reverse("history_bulk"), {"action": "csv", "pick": [str(prediction.upload_id)]})
    assert str(prediction.upload_id) not in b"".join(table).decode()


def test_a_strangers_history_is_empty(bob_client, given):
    prediction = given()
    assert str(prediction.upload_id) not in bob_client.get(reverse("history")).content.decode()


@pytest.mark.parametrize("name", FOR_MEMBERS)
def test_the_anonymous_are_asked_to_log_in(client, name):
    page = client.get(reverse(name))
    assert page.status_code == 302
    assert page.url.startswith(reverse("login"))


@pytest.mark.parametrize("name", FOR_ALL)
def test_some_pages_are_for_all(client, model, name):
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["upload_create", "preview", "example_create", "history_bulk", "token_create"])
def test_a_form_from_elsewhere_is_refused_in_words(alice, name):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(reverse(name), {"image": "x"})
    assert answer.status_code == 403
    assert "Reload the page and send it again." in answer.content.decode()


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_logging_in(client, alice, target):
    form = {"username": "alice", "password": "alice-password", "next": target}
    assert client.post(reverse("login"), form).url == reverse("desk")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere_after_changing_the_theme(client, target):
    assert client.post(reverse("theme"), {"theme": "dark", "next": target}).url == reverse("desk")


def test_who_opens_a_forms_own_address_comes_to_the_page_it_stands_on(alice_client, given):
    pk = given().upload_id
    for name, where in (
        (reverse("upload_create"), reverse("desk")),
        (reverse("upload_delete", args=[pk]), reverse("upload_detail", args=[pk])),
        (reverse("history_bulk"), reverse("history")),
        (reverse("token_revoke", args=[pk]), reverse("account")),
    ):
        assert alice_client.get(name, follow=True).redirect_chain[-1] == (where, 302)


def test_who_was_logged_out_meanwhile_is_told_that_nothing_was_taken(client, alice):
    login = client.post(reverse("upload_create"), {"image": "x"}, follow=True)
    assert "Log in and try it again." in login.content.decode()
    form = {"username": "alice", "password": "alice-password", "next": login.context["next"]}
    assert client.post(reverse("login"), form, follow=True).redirect_chain[-1] == (reverse("desk"), 302)


def test_who_comes_back_to_an_earlier_answers_form_comes_to_that_answer(alice_client, given):
    prediction = given()
    form = reverse("upload_correct", args=[prediction.upload_id])
    page = reverse("upload_detail", args=[prediction.upload_id])
    assert alice_client.get(form, {"answer": str(prediction.pk)}).url == f"{page}?answer={prediction.pk}"


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_who_only_looks_is_not_told_so(client, method):
    assert getattr(client, method)(reverse("history")).url == f"{reverse('login')}?next={reverse('history')}"


def test_logging_out_twice_is_no_loss(client, db):
    assert "Log in and try it again." not in client.post(reverse("logout"), follow=True).content.decode()


def test_a_wrong_method_is_said_in_words(alice_client):
    answer = alice_client.put(reverse("upload_create"))
    assert answer.status_code == 405
    assert answer["Allow"] == "POST"
    assert "This method is not allowed at this address." in answer.content.decode()


def test_what_is_missing_under_the_history_looks_as_what_is_missing_elsewhere(alice_client):
    pages = [alice_client.get(address) for address in ("/history/nothing/", "/nothing/")]
    assert [page.status_code for page in pages] == [404, 404]
    assert pages[0].content == pages[1].content


@pytest.mark.parametrize("name", ["upload_original", "upload_picture", "upload_thumbnail"])
def test_a_picture_whose_file_is_gone_is_not_found(alice_client, given, name):
    upload = given().upload
    Upload.objects.update(picture="", thumbnail="")  # as before anybody looked
    upload.original.storage.delete(upload.original.name)
    assert alice_client.get(reverse(name, args=[upload.pk])).status_code == 404


@pytest.mark.parametrize("name", ["desk", "history", "review"])
def test_a_page_answers_who_asks_for_its_head_alone(alice_client, model, name):
    assert alice_client.head(reverse(name)).status_code == 200
