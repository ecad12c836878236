"""Promises of streams: what counts, when one is made or broken, and what the owner is told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from mlcore.quality.evidence import needed_audits
from mlcore.quality.promise import SHARE_AFTER, SHARE_BEFORE, THRESHOLDS
from recognizer.models import Audit, Notice, Upload
from recognizer.problems import Problem
from recognizer.services.history.bulk_actions import delete_uploads
from recognizer.services.history.corrections import correct
from recognizer.services.history.picture_retention import remove_old_pictures
from recognizer.services.quality.promises import (
    choose_wish,
    counted_audits,
    update_promises,
)
from recognizer.services.review.mistakes import look_again, mistakes_of
from recognizer.services.review.review_queue import next_to_review
from recognizer.words.notices import show_notice
from tests.recognizer.services.quality.conftest import add_checked, break_promise, notices, state_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("audit_all")]


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


def test_a_wish_that_does_not_exist_is_refused(promised):
    with pytest.raises(Problem):
        choose_wish(promised, 0.9)


def test_without_a_wish_the_model_s_threshold_holds(promised):
    choose_wish(promised, None)
    promised.refresh_from_db()
    assert (promised.threshold, promised.promised_at, promised.audits_left) == (None, None, None)
