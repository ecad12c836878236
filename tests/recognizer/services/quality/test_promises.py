"""Promises of streams: what counts, when one is made or broken, and what the owner is told."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from mlcore.quality.evidence import needed_audits
from mlcore.quality.promise import SHARE_AFTER, SHARE_BEFORE, THRESHOLDS
from recognizer import selectors
from recognizer.models import Audit, Notice, Stream, Upload
from recognizer.notice_texts import show_notice
from recognizer.problems import Problem
from recognizer.services.history.bulk_actions import delete_uploads, restore_uploads
from recognizer.services.history.corrections import correct
from recognizer.services.history.picture_retention import remove_old_pictures
from recognizer.services.quality.audits import fill_texts
from recognizer.services.quality.figures import figures_of
from recognizer.services.quality.promises import (
    choose_wish,
    counted_audits,
    review_since_last_good,
    strictest_threshold,
    update_promises,
)
from recognizer.services.review.mistakes import look_again, mistakes_of
from recognizer.services.review.review_queue import QueueCounts, count_to_review, look_ahead, next_to_review
from recognizer.services.space.purge import remove_uploads
from recognizer.services.space.recount import recount
from tests.recognizer.services.quality.conftest import add_checked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_all")]


@pytest.fixture
def audited(store_answer):
    """Return five audited answers, the oldest first."""
    return [store_answer(f"190{number}", confidence=0.999) for number in range(5)]


def test_a_correction_answers_the_audit(audited, alice):
    right, wrong, no_digit, *_ = audited
    correct(prediction=right, by=alice, kind="confirm")
    correct(prediction=wrong, by=alice, kind="correct", text="7777")
    correct(prediction=no_digit, by=alice, kind="not_a_digit")
    answers = dict(Audit.objects.values_list("prediction", "is_right"))
    assert [answers[each.pk] for each in audited] == [True, False, False, None, None]


def test_an_undone_correction_opens_the_audit_again(audited, alice):
    correct(prediction=audited[0], by=alice, kind="confirm")
    correct(prediction=audited[0], by=alice, kind="undo")
    assert audited[0].audit.is_right is None


def test_moved_boxes_do_not_make_a_right_number_wrong(audited, alice):
    correct(prediction=audited[0], by=alice, kind="correct", text="1900")
    assert Audit.objects.get(prediction=audited[0]).is_right


def test_later_answers_count_only_after_all_before_them_are_checked(audited, alice):
    stream = audited[0].stream
    for place in (0, 2, 3):
        correct(prediction=audited[place], by=alice, kind="confirm")
    assert [audit.prediction for audit in counted_audits(stream)] == [audited[0]]
    correct(prediction=audited[1], by=alice, kind="confirm")
    assert [audit.prediction for audit in counted_audits(stream)] == audited[:4]


def test_deleted_pictures_are_not_waited_for(audited, alice):
    for prediction in audited[1:3]:
        correct(prediction=prediction, by=alice, kind="confirm")
    delete_uploads(alice, [audited[0].upload_id])
    assert [audit.prediction for audit in counted_audits(audited[0].stream)] == audited[1:3]


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


def test_deleting_the_picture_that_is_waited_for_brings_the_promise_up_to_date(audited, alice):
    stream = audited[0].stream
    for prediction in audited[1:]:
        correct(prediction=prediction, by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * needed_audits(0.02))
    assert state_of(stream)["promised_at"] is None
    delete_uploads(alice, [audited[0].upload_id])
    assert state_of(stream)["promised_at"] is not None


def test_removing_the_old_picture_that_is_waited_for_brings_the_promise_up_to_date(audited, alice, settings):
    stream = audited[0].stream
    for prediction in audited[1:]:
        correct(prediction=prediction, by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * needed_audits(0.02))
    settings.PICTURES_KEPT_DAYS = 30
    Upload.objects.filter(pk=audited[0].upload_id).update(created_at=timezone.now() - timedelta(days=31))
    assert remove_old_pictures() == 1
    assert state_of(stream)["promised_at"] is not None
    assert notices(alice) == ["promise_made"]


def test_removed_pictures_are_neither_waited_for_nor_asked_for(audited, alice):
    for prediction in audited[1:3]:
        correct(prediction=prediction, by=alice, kind="confirm")
    Upload.objects.filter(pk=audited[0].upload_id).update(original="")
    assert [audit.prediction for audit in counted_audits(audited[0].stream)] == audited[1:3]
    assert next_to_review(alice, skipped=[], includes_sure=False) == audited[3]


@pytest.fixture
def promised(audited, alice) -> Stream:
    """Return a stream with a promise of 2 % that was just made."""
    stream = audited[0].stream
    for prediction in audited:
        correct(prediction=prediction, by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    add_checked(stream, [(0.999, True)] * (needed_audits(0.02) - 5))
    update_promises([stream.pk])
    stream.refresh_from_db()
    return stream


def notices(owner) -> list[str]:
    return list(Notice.objects.filter(owner=owner).order_by("created_at").values_list("kind", flat=True))


def test_the_owner_is_told_once_that_a_wish_is_promised(promised, alice):
    assert promised.promised_at is not None
    assert promised.threshold == THRESHOLDS[-1]
    assert promised.share == SHARE_AFTER
    assert promised.audits_left is None
    update_promises([promised.pk])
    notice = Notice.objects.get(owner=alice)
    assert (notice.kind, notice.values["wish"], notice.link) == ("promise_made", 0.02, f"/quality/{promised.pk}/")


@pytest.mark.parametrize(("language", "wish"), [("en", "2.0"), ("de", "2,0")])
def test_a_notice_writes_the_wish_in_the_reader_s_language(promised, alice, language, wish):
    with override(language):
        assert f"at most {wish}\N{NO-BREAK SPACE}% of the answers" in show_notice(Notice.objects.get(owner=alice)).text


def test_before_the_promise_the_stream_knows_about_how_many_audits_are_left(audited, alice):
    stream = audited[0].stream
    correct(prediction=audited[0], by=alice, kind="confirm")
    choose_wish(stream, 0.02)
    stream.refresh_from_db()
    assert stream.audits_left == needed_audits(0.02) - 1
    correct(prediction=audited[1], by=alice, kind="confirm")
    stream.refresh_from_db()
    assert stream.audits_left == needed_audits(0.02) - 2


def break_promise(stream: Stream) -> None:
    add_checked(stream, [(0.96, True), (0.96, False), (0.96, False)])
    update_promises([stream.pk])
    stream.refresh_from_db()


def test_a_broken_promise_raises_the_threshold_and_tells_the_owner(promised, alice):
    break_promise(promised)
    assert promised.promised_at is None
    assert promised.broken_at is not None
    assert promised.threshold == 0.97
    assert promised.share == SHARE_BEFORE
    assert notices(alice) == ["promise_made", "promise_broken"]
    update_promises([promised.pk])
    assert notices(alice) == ["promise_made", "promise_broken"]


def test_a_second_look_can_restore_a_promise(promised, alice):
    break_promise(promised)
    wrong = mistakes_of(alice, promised)[0]
    look_again(wrong, by=alice, is_right=True)
    promised.refresh_from_db()
    assert promised.broken_at is None
    assert promised.promised_at is not None


def test_a_second_look_that_finds_the_same_is_noted(promised, alice):
    break_promise(promised)
    look_again(mistakes_of(alice, promised)[0], by=alice, is_right=False)
    promised.refresh_from_db()
    assert promised.broken_at is not None
    assert mistakes_of(alice, promised).filter(looked_again_at__isnull=False).count() == 1


def state_of(stream: Stream) -> dict[str, object]:
    return Stream.objects.filter(pk=stream.pk).values().get()


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


def test_what_was_sure_since_the_last_good_audit_goes_into_review(promised, alice, store_answer):
    before = store_answer("11", confidence=0.999)
    Audit.objects.filter(prediction=before).delete()
    add_checked(promised, [(0.999, True)])
    since = store_answer("22", confidence=0.96)
    Audit.objects.filter(prediction=since).delete()
    assert next_to_review(alice, skipped=[], includes_sure=False) is None
    add_checked(promised, [(0.96, False), (0.96, False)])
    update_promises([promised.pk])
    promised.refresh_from_db()
    after = store_answer("33", confidence=0.999)
    Audit.objects.filter(prediction=after).delete()
    review_since_last_good(promised)
    assert next_to_review(alice, skipped=[], includes_sure=False) == since
    assert count_to_review(alice, since, 100) == QueueCounts(unsure=0, chosen=0, put_back=1)
    correct(prediction=since, by=alice, kind="confirm")
    assert next_to_review(alice, skipped=[], includes_sure=False) is None


def test_a_second_broken_promise_leaves_what_is_left_of_the_first_in_review(promised, alice, store_answer):
    left = []
    for number in (1, 2):
        answer = store_answer(f"{number}2", confidence=0.999)
        Audit.objects.filter(prediction=answer).delete()
        add_checked(promised, [(0.96, False), (0.96, False)])
        update_promises([promised.pk])
        promised.refresh_from_db()
        assert promised.breaks == number
        review_since_last_good(promised)
        review_since_last_good(promised)  # a second click
        left.append(answer)
        if number == 1:
            add_checked(promised, [(0.999, True)] * needed_audits(0.02))
            update_promises([promised.pk])
            between = store_answer("77", confidence=0.999)
            Audit.objects.filter(prediction=between).delete()
            add_checked(promised, [(0.999, True)])
    promised.refresh_from_db()
    assert len(promised.reviews) == 2
    ahead = look_ahead(alice, skipped=[], includes_sure=False, count=9)
    assert ahead == left
    assert between not in ahead


def test_nothing_goes_into_review_while_a_promise_holds(promised):
    with pytest.raises(Problem):
        review_since_last_good(promised)


def test_a_wish_that_does_not_exist_is_refused(promised):
    with pytest.raises(Problem):
        choose_wish(promised, 0.9)


def test_without_a_wish_the_model_s_threshold_holds(promised):
    choose_wish(promised, None)
    promised.refresh_from_db()
    assert (promised.threshold, promised.promised_at, promised.audits_left) == (None, None, None)


def test_audits_stand_among_unsure_answers_in_the_order_of_their_choice(audited, alice, store_answer):
    unsure = [store_answer("7", decision="unsure", confidence=0.3, reason="unread_ink") for _ in range(5)]
    shown = []
    ahead = look_ahead(alice, skipped=[], includes_sure=False, count=99)
    while (head := next_to_review(alice, skipped=[], includes_sure=False)) is not None:
        assert next_to_review(alice, skipped=[], includes_sure=False) == head  # a reload shows the same
        assert ahead[len(shown)] == head  # and the strip of what comes next has announced it
        shown.append(head)
        correct(prediction=head, by=alice, kind="confirm")
    assert set(shown) == {*audited, *unsure}
    assert [each for each in shown if each in audited] == audited


def test_skipped_audits_are_left_out(audited, alice):
    skipped = [prediction.upload_id for prediction in audited]
    assert next_to_review(alice, skipped=skipped[:1], includes_sure=False) == audited[1]
    assert next_to_review(alice, skipped=skipped, includes_sure=False) is None


def test_audits_of_a_replaced_model_are_not_asked_for(audited, alice, model):
    other = type(model).objects.create(version="other", digest="0" * 64, card=model.card)
    Stream.objects.update(model=other)
    assert not selectors.audits_to_review_for(alice).exists()


def test_nobody_else_sees_audits(audited, bob):
    assert next_to_review(bob, skipped=[], includes_sure=True) is None
    assert not selectors.audits_for(bob).exists()
    assert not selectors.streams_for(bob).exists()
