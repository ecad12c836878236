"""Staff who may change accounts give nobody rights, and take over nobody who has some."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from recognizer.models import ApiToken
from recognizer.services.people.tokens import create_token
from tests.conftest import client_of
from tests.recognizer.mails import add_verified_address, sent_mails

pytestmark = pytest.mark.django_db

NEW = {"password1": "another-long-one", "password2": "another-long-one"}


@pytest.fixture
def staff(db) -> User:
    """A member of the staff who may do everything with accounts and groups, and is no superuser."""
    staff = User.objects.create_user("sam", is_staff=True)
    models = ("user", "group", "emailaddress", "apitoken")
    staff.user_permissions.set(Permission.objects.filter(content_type__model__in=models))
    return staff


@pytest.fixture
def staff_client(staff: User) -> Client:
    return client_of(staff)


def form_of(user: User, **changes: str) -> dict[str, str]:
    form = {"username": user.username, "email": user.email, "date_joined_0": "2026-01-01", "date_joined_1": "10:00"}
    return form | {"is_active": "on"} | changes


def change(client: Client, user: User, **changes: str):
    return client.post(reverse("admin:auth_user_change", args=[user.pk]), form_of(user, **changes))


@pytest.mark.parametrize("right", ["is_superuser", "is_staff"])
def test_staff_make_nobody_superuser_or_staff(staff_client, alice, right):
    assert change(staff_client, alice, first_name="Alice", **{right: "on"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.first_name, getattr(alice, right)) == ("Alice", False)


def test_staff_give_nobody_groups_or_permissions(staff_client, alice):
    group, permission = Group.objects.create(name="all"), Permission.objects.first()
    change(staff_client, alice, groups=group.pk, user_permissions=permission.pk)
    assert not alice.groups.exists()
    assert not alice.user_permissions.exists()


def test_staff_create_no_account_with_rights(staff_client):
    form = NEW | {"username": "dora", "usable_password": "true", "is_superuser": "on", "is_staff": "on"}
    assert staff_client.post(reverse("admin:auth_user_add"), form).status_code == 302
    dora = User.objects.get(username="dora")
    assert (dora.is_superuser, dora.is_staff) == (False, False)


@pytest.mark.parametrize("who", ["admin", "staff"])
def test_staff_take_over_no_account_with_rights(request, staff_client, who):
    user = request.getfixturevalue(who)
    before = User.objects.filter(pk=user.pk).values().get()
    assert change(staff_client, user, email="mine@example.org").status_code == 403
    password = reverse("admin:auth_user_password_change", args=[user.pk])
    assert staff_client.post(password, NEW | {"usable_password": "true"}).status_code == 403
    assert staff_client.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 403
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [user.pk], "post": "yes"}
    assert staff_client.post(reverse("admin:auth_user_changelist"), form).status_code == 403
    assert User.objects.filter(pk=user.pk).values().get() == before


@pytest.mark.parametrize("by_group", [False, True], ids=["permission", "group"])
def test_staff_take_over_no_trainer(staff_client, alice, bob, by_group):
    trainer = Permission.objects.get(codename="trainer")
    if by_group:
        group = Group.objects.create(name="trainers")
        group.permissions.add(trainer)
        alice.groups.add(group)
    else:
        alice.user_permissions.add(trainer)
    assert change(staff_client, alice, email="mine@example.org").status_code == 403
    password = reverse("admin:auth_user_password_change", args=[alice.pk])
    assert staff_client.post(password, NEW | {"usable_password": "true"}).status_code == 403
    form = {"action": "delete_selected", ACTION_CHECKBOX_NAME: [alice.pk, bob.pk], "post": "yes"}
    assert staff_client.post(reverse("admin:auth_user_changelist"), form).status_code == 403
    assert User.objects.filter(is_active=True, email="alice@example.org", pk=alice.pk).exists()
    assert staff_client.post(reverse("admin:auth_user_delete", args=[bob.pk]), {"post": "yes"}).status_code == 302


def test_staff_change_no_group(staff, staff_client):
    group = Group.objects.create(name="staff")
    staff.groups.add(group)
    url = reverse("admin:auth_group_change", args=[group.pk])
    form = {"name": "staff", "permissions": [permission.pk for permission in Permission.objects.all()]}
    assert staff_client.post(url, form).status_code == 403
    assert staff_client.post(reverse("admin:auth_group_add"), form).status_code == 403
    assert not group.permissions.exists()


def test_nobody_verifies_an_address_in_the_admin(admin_client, staff_client, alice):
    address = EmailAddress.objects.create(user=alice, email="mine@example.org")
    url = reverse("admin:account_emailaddress_change", args=[address.pk])
    for client in (admin_client, staff_client):
        assert client.post(url, {"user": alice.pk, "email": address.email, "verified": "on"}).status_code == 403
        form = {"action": "make_verified", ACTION_CHECKBOX_NAME: [address.pk]}
        client.post(reverse("admin:account_emailaddress_changelist"), form)
    address.refresh_from_db()
    assert not address.verified


def test_superusers_give_rights(admin_client, alice):
    change(admin_client, alice, is_staff="on")
    alice.refresh_from_db()
    assert alice.is_staff


def test_an_address_from_the_staff_is_unverified_and_the_old_one_is_told(staff_client, alice):
    add_verified_address(alice)
    change(staff_client, alice, email="New@example.org")
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@example.org", False)]
    assert sent_mails() == [
        ("alice@example.org", "Your Digitscribe email address was changed"),
        ("new@example.org", "Verify your email address for Digitscribe"),
    ]


def test_saving_an_account_keeps_its_verified_address(staff_client, alice):
    add_verified_address(alice)
    change(staff_client, alice, first_name="Alice")
    assert EmailAddress.objects.get().verified
    assert sent_mails() == []


def test_a_password_from_the_staff_revokes_tokens_and_is_told(staff_client, alice):
    add_verified_address(alice)
    create_token(user=alice, name="script")
    url = reverse("admin:auth_user_password_change", args=[alice.pk])
    assert staff_client.post(url, NEW | {"usable_password": "true"}).status_code == 302
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert sent_mails() == [("alice@example.org", "Your password was changed")]


def test_names_from_the_staff_follow_the_rules_and_older_names_stay(staff_client, alice, admin):
    page = change(staff_client, alice, username="ADM1N")
    assert set(page.context["adminform"].form.errors) == {"username"}
    User.objects.create_user("ALICE")
    assert change(staff_client, alice, first_name="Alice").status_code == 302
    form = NEW | {"username": "adm1n", "usable_password": "true"}
    assert staff_client.post(reverse("admin:auth_user_add"), form).status_code == 200
