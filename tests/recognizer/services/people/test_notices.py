"""Notices: saved with a kind and values, shown in words, and mailed to a verified address."""

import re
from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.utils import timezone

from recognizer.models import Job, Notice
from recognizer.problems import Problem
from recognizer.services.people import notices
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.notices import tell_person
from recognizer.words.notices import EXPORT_READY, OTHER, TEXTS, show_notice
from tests.recognizer.mails import run_mail_jobs

pytestmark = pytest.mark.django_db

AT = datetime(2026, 12, 5, 23, 30, tzinfo=UTC)


def verify_address(user) -> None:
    EmailAddress.objects.create(user=user, email="alice@example.org", verified=True, primary=True)


def test_the_text_is_filled_in_the_time_zone_of_the_reader(alice):
    notice = tell_person(alice.pk, EXPORT_READY, values={"expires_at": AT}, link="/account/")
    notice.refresh_from_db()
    assert (notice.kind, notice.link, notice.read_at) == ("export_ready", "/account/", None)
    with timezone.override("Europe/Berlin"):
        shown = show_notice(notice)
    assert (shown.title, shown.text) == ("Your data export is ready", "You can download it until 6 Dec 2026, 00:30.")


def test_a_kind_without_a_text_is_refused(alice):
    with pytest.raises(KeyError):
        tell_person(alice.pk, "unknown")


def test_notices_of_other_releases_are_shown(alice):
    unknown = show_notice(Notice.objects.create(owner=alice, kind="newer_kind", values={"count": 1}))
    assert "another release" in unknown.text
    older = show_notice(Notice.objects.create(owner=alice, kind=EXPORT_READY))
    assert older.text == "You can download it until –."


@pytest.mark.parametrize("texts", [*TEXTS.values(), OTHER])
def test_texts_have_only_named_values(texts):
    for message in (texts.title, texts.text, texts.button):
        assert not re.search(r"%(?!\(\w+\)s)", message)
        assert not [field for _text, field, *_rest in Formatter().parse(message) if field]


def test_a_notice_is_mailed_to_the_verified_address(alice, settings):
    settings.SITE_URL = "https://digits.example.org"
    verify_address(alice)
    tell_person(alice.pk, EXPORT_READY, values={"expires_at": AT}, link="/account/")
    run_mail_jobs()
    (sent,) = outbox.outbox
    assert (sent.to, sent.subject) == (["alice@example.org"], "Your data export is ready")
    assert "until 5 Dec 2026, 23:30 UTC." in sent.body
    assert "https://digits.example.org/account/" in sent.body
    assert "alice" not in sent.body.replace("alice@example.org", "")


def test_without_a_verified_address_or_a_wish_no_mail_is_queued(alice):
    tell_person(alice.pk, EXPORT_READY)
    verify_address(alice)
    tell_person(alice.pk, EXPORT_READY, by_mail=False)
    assert not Job.objects.exists()
    assert Notice.objects.count() == 2


def test_a_notice_that_is_gone_is_not_mailed(alice):
    verify_address(alice)
    tell_person(alice.pk, EXPORT_READY).delete()
    run_mail_jobs()
    assert outbox.outbox == []


def test_an_account_that_is_being_deleted_gets_no_notice(alice):
    request_deletion(alice)
    with pytest.raises(Problem):
        tell_person(alice.pk, EXPORT_READY)
    assert not Notice.objects.exists()


def test_old_notices_are_removed(alice):
    old = tell_person(alice.pk, EXPORT_READY)
    new = tell_person(alice.pk, EXPORT_READY)
    Notice.objects.filter(pk=old.pk).update(created_at=timezone.now() - notices.KEPT - timedelta(days=1))
    notices.purge_notices()
    assert list(Notice.objects.all()) == [new]
