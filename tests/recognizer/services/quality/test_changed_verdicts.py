"""Verdicts that are undone, changed or outlive their pictures, and what becomes of a promise that rests on them."""

from importlib import import_module

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from mlcore.quality.evidence import needed_audits
from mlcore.quality.promise import SHARE_BEFORE, THRESHOLDS
from recognizer.models import Audit, Stream, Upload
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads
from recognizer.services.history.corrections import correct
from recognizer.services.quality.audits import fill_texts
from recognizer.services.quality.figures import figures_of
from recognizer.services.quality.promises import (
    choose_wish,
    counted_audits,
    strictest_threshold,
    update_promises,
)
from recognizer.services.review.mistakes import look_again, mistakes_of
from recognizer.services.space.purge import remove_uploads
from recognizer.services.space.recount import recount
from tests.recognizer.services.quality.conftest import add_checked, break_promise, notices, state_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_all")]


def test_a_wrong_answer_counts_also_when_its_picture_is_deleted_and_removed(audited, alice, alice_client):
    wrong, *right = audited
    stream = wrong.stream
    correct(prediction=wrong, by=alice, kind="correct", text="7777")
    for prediction in right:
        correct(prediction=prediction, by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * needed_audits(0.02))
    update_promises([stream.pk])
    before = state_of(stream), figures_of([stream])[0].error
    assert before[0]["promised_at"] is None and before[1].wrong == 1
    page = reverse("quality_stream", args=[stream.pk])
    delete_uploads(alice, [wrong.upload_id])
    assert "1 error was in a picture that was deleted since." in alice_client.get(page).content.decode()
    remove_uploads([Upload.objects.get(pk=wrong.upload_id)])
    update_promises([stream.pk])
    fill_texts()  # of other audits, as `prepare` does
    assert (state_of(stream), figures_of([stream])[0].error) == before
    audit = Audit.objects.get(stream=stream, is_right=False)
    assert (audit.prediction, audit.text) == (None, "")
    assert not mistakes_of(alice, stream).exists()
    assert "1 error was in a picture that was deleted since." in alice_client.get(page).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_migration_that_keeps_verdicts_goes_back_and_forth(audited, alice):
    removed, stays, *_ = audited
    correct(prediction=removed, by=alice, kind="confirm")
    remove_uploads([Upload.objects.get(pk=removed.upload_id)])
    assert Audit.objects.filter(prediction=None).count() == 1
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("recognizer")
    try:
        MigrationExecutor(connection).migrate([("recognizer", "0049_promise_withdrawn")])
        with pytest.raises(IntegrityError):
            Audit.objects.filter(prediction=stays).update(prediction=None)
    finally:
        MigrationExecutor(connection).migrate(newest)
    assert Audit.objects.count() == 4
    with pytest.raises(IntegrityError):  # one audit for each prediction, as before
        Audit.objects.update(prediction=stays)
    Audit.objects.filter(prediction=stays).update(prediction=None)


def test_an_answer_that_nobody_checked_is_forgotten_with_its_picture(audited, alice):
    delete_uploads(alice, [audited[0].upload_id])
    remove_uploads([Upload.objects.get(pk=audited[0].upload_id)])
    assert not Audit.objects.filter(prediction=None).exists()
    assert Audit.objects.count() == 4


@pytest.mark.parametrize("breaks", [False, True])
def test_undoing_an_answer_that_counted_and_giving_it_again_changes_nothing(promised, audited, alice, breaks):
    if breaks:
        break_promise(promised)
    before, told = state_of(promised), notices(alice)
    correct(prediction=audited[0], by=alice, kind="undo")
    assert (state_of(promised), notices(alice)) == (before, told)
    (figures,) = figures_of([promised])
    assert figures.is_reopened
    correct(prediction=audited[0], by=alice, kind="confirm")
    assert (state_of(promised), notices(alice)) == (before, told)
    (figures,) = figures_of([promised])
    assert not figures.is_reopened


def test_later_answers_wait_until_an_undone_one_is_checked_again(promised, audited, alice):
    correct(prediction=audited[0], by=alice, kind="undo")
    break_promise(promised)
    assert promised.broken_at is None
    correct(prediction=audited[0], by=alice, kind="confirm")
    promised.refresh_from_db()
    assert promised.broken_at is not None


def test_a_restored_picture_that_waits_does_not_end_a_promise(audited, alice):
    for prediction in audited[1:]:
        correct(prediction=prediction, by=alice, kind="confirm")
    stream = audited[0].stream
    delete_uploads(alice, [audited[0].upload_id])
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * needed_audits(0.02))
    update_promises([stream.pk])
    before = state_of(stream)
    assert before["promised_at"] is not None
    restore_uploads(Upload.objects.filter(pk=audited[0].upload_id))
    correct(prediction=audited[1], by=alice, kind="correct", text="7777")
    assert state_of(stream) == before


def test_one_undo_is_one_verdict(audited, alice):
    wrong = audited[0]
    for text in ("7777", "8888"):
        correct(prediction=wrong, by=alice, kind="correct", text=text)
    look_again(Audit.objects.get(prediction=wrong), by=alice, is_right=False)
    correct(prediction=wrong, by=alice, kind="undo")  # 7777 counts again, so the answer is as wrong as before
    audit = Audit.objects.get(prediction=wrong)
    assert audit.is_right is False
    assert audit.looked_again_at is not None
    assert recount(owner_id=alice.pk).corrected_uploads == 0


def test_a_promise_that_changed_verdicts_do_not_prove_is_withdrawn_and_keeps_a_strict_threshold(
    promised, audited, alice
):
    correct(prediction=audited[0], by=alice, kind="correct", text="7777")
    promised.refresh_from_db()
    assert (promised.promised_at, promised.broken_at) == (None, None)
    assert promised.withdrawn_at is not None
    assert promised.threshold == strictest_threshold(promised) > THRESHOLDS[-1]
    assert promised.share == SHARE_BEFORE
    assert notices(alice) == ["promise_made", "promise_withdrawn"]
    correct(prediction=audited[1], by=alice, kind="correct", text="7777")
    promised.refresh_from_db()
    assert promised.threshold == strictest_threshold(promised)
    assert notices(alice) == ["promise_made", "promise_withdrawn"]


def test_a_promise_returns_with_the_verdicts_that_prove_it(promised, audited, alice):
    correct(prediction=audited[0], by=alice, kind="correct", text="7777")
    correct(prediction=audited[0], by=alice, kind="undo")
    promised.refresh_from_db()
    assert promised.promised_at is not None
    assert (promised.withdrawn_at, promised.threshold) == (None, THRESHOLDS[-1])
    assert notices(alice) == ["promise_made", "promise_withdrawn", "promise_made"]


def test_a_raised_threshold_stays_where_changed_verdicts_take_the_break_away(promised, audited, alice):
    break_promise(promised)
    for prediction in audited:
        correct(prediction=prediction, by=alice, kind="correct", text="7777")
    promised.refresh_from_db()
    assert (promised.breaks, promised.promised_at) == (0, None)
    assert promised.threshold == 0.97


def test_the_migration_finds_what_promises_rest_on(promised, audited):
    until = promised.counted_until
    assert until is not None
    waiting = Audit.objects.latest("chosen_at")
    deleted, removed, *_ = audited
    Audit.objects.filter(Q(pk=waiting.pk) | Q(prediction__in=[deleted, removed])).update(is_right=None)
    Upload.objects.filter(pk=deleted.upload_id).update(deleted_at=timezone.now())
    Upload.objects.filter(pk=removed.upload_id).update(original="")
    Stream.objects.update(counted_until=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("recognizer.migrations.0053_counted_until").FILL_COUNTED_UNTIL)
    promised.refresh_from_db()
    assert promised.counted_until == counted_audits(promised).latest("chosen_at").chosen_at < until
