"""Streams: which answers belong together, how they are counted, and which of them are audited."""

import pytest

from mlcore.quality.audit import is_chosen
from recognizer.models import Audit, Prediction, Stream, StreamMonth
from recognizer.services.history.corrections import correct
from recognizer.services.quality.promises import choose_wish
from recognizer.services.quality.streams import month_of
from recognizer.services.reading.expected import expect
from recognizer.services.reading.predictions import create_prediction, read_unsaved, reread_upload
from recognizer.services.reading.presets import change_preset, create_preset
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db


def test_answers_in_one_mode_are_one_stream(store_answer):
    first, second = store_answer(), store_answer("12")
    assert first.stream == second.stream
    assert store_answer(mode="number").stream != first.stream


def test_the_decimal_mark_changes_answers_and_so_begins_a_stream(alice, model):
    rows = [store_reading(make_reading("1.5"), owner=alice, decimal=mark) for mark in (None, "comma", "comma")]
    assert rows[1].stream == rows[2].stream != rows[0].stream


def test_each_account_has_its_own_streams(store_answer, bob):
    assert store_answer().stream != store_answer(owner=bob).stream


def test_answers_are_counted_by_decision(store_answer):
    stream = store_answer().stream
    store_answer(decision="unsure", confidence=0.7)
    store_answer(decision="unsure", confidence=0.6)
    month = StreamMonth.objects.get(stream=stream)
    assert (month.sure, month.unsure, month.rejected, month.total) == (1, 2, 0, 3)
    assert month.month == month_of(Prediction.objects.latest("created_at").created_at)


def test_no_answer_is_audited_while_the_installation_forbids_it(store_answer):
    for _ in range(20):
        store_answer()
    assert not Audit.objects.exists()


def test_the_audited_answers_are_those_that_the_seeded_hash_chooses(store_answer, settings):
    settings.AUDITED_SHARE = 0.3
    answers = [store_answer() for _ in range(40)]
    seed = Stream.objects.get().seed
    chosen = {answer.pk for answer in answers if is_chosen(seed, str(answer.pk), 0.3)}
    audits = Audit.objects.all()
    assert {audit.prediction_id for audit in audits} == chosen
    assert all(audit.probability == 0.3 and audit.was_sure and audit.confidence == 0.98 for audit in audits)
    assert 0 < len(chosen) < 40


def test_a_wish_raises_the_share_of_audited_answers(store_answer):
    stream = store_answer().stream
    choose_wish(stream, 0.01)
    for _ in range(60):
        store_answer()
    assert set(Audit.objects.values_list("probability", flat=True)) == {0.2}


def test_answers_that_no_threshold_calls_sure_are_not_audited(store_answer, audit_all):
    store_answer(decision="unsure", confidence=0.4)
    store_answer(decision="unsure", confidence=0.9, reason="unread_ink")
    assert not Audit.objects.exists()
    store_answer(decision="unsure", confidence=0.9)
    assert not Audit.objects.get().was_sure


def test_the_threshold_in_force_decides_on_new_answers(store_answer):
    stream = store_answer().stream
    Stream.objects.filter(pk=stream.pk).update(wish=0.02, threshold=0.99)
    assert store_answer(confidence=0.98).decision == "unsure"
    assert store_answer(confidence=0.99).decision == "read"
    Stream.objects.filter(pk=stream.pk).update(threshold=0.8)
    assert store_answer(decision="unsure", confidence=0.85).decision == "read"


def test_a_picture_that_is_read_again_is_neither_counted_nor_audited(store_answer, audit_all):
    prediction = store_answer(confidence=0.98)
    Stream.objects.update(wish=0.02, threshold=0.999)
    again = reread_upload(prediction.upload, "auto")
    assert again.stream == prediction.stream
    assert again.decision != "read"
    assert Audit.objects.count() == 1
    assert StreamMonth.objects.get().total == 1


def test_a_new_model_version_begins_a_stream_with_the_same_wish(store_answer, model):
    stream = store_answer().stream
    choose_wish(stream, 0.01)
    other = type(model).objects.create(version="other", digest="0" * 64, card=model.card)
    Stream.objects.update(model=other)  # as if the answers so far had been another version's
    new = store_answer().stream
    assert new != stream
    assert new.wish == 0.01
    assert (new.threshold, new.promised_at) == (None, None)


def test_a_preset_that_expects_something_else_begins_a_new_stream(alice, model):
    preset = create_preset(owner=alice, name="Water meter", fields={"digits": "5"})

    def store() -> Prediction:
        return create_prediction(owner=alice, data=digit_png(7), source="api", expected=expect(preset, {}))

    first = store().stream
    assert (str(first), first.preset) == ("Water meter", preset)
    choose_wish(first, 0.01)
    change_preset(preset, name="Gas meter")
    assert store().stream == first
    change_preset(preset, fields={"digits": "6"})
    second = store().stream
    assert second != first
    assert second.wish == 0.01
    assert store().stream == second


def test_corrected_answers_are_counted_once_and_not_after_undo(store_answer, alice):
    prediction = store_answer("1905")
    month = StreamMonth.objects.get()
    for text, corrected in (("1906", 1), ("1907", 1)):
        correct(prediction=prediction, by=alice, kind="correct", text=text)
        month.refresh_from_db()
        assert month.corrected == corrected
    correct(prediction=prediction, by=alice, kind="undo")
    month.refresh_from_db()
    assert month.corrected == 1
    correct(prediction=prediction, by=alice, kind="undo")
    month.refresh_from_db()
    assert month.corrected == 0


def test_a_month_has_no_more_corrected_answers_than_answers(store_answer, alice):
    prediction = store_answer("1905")
    StreamMonth.objects.update(corrected=1)  # as counted by an earlier release, in the month of a later answer
    correct(prediction=prediction, by=alice, kind="correct", text="1906")
    assert StreamMonth.objects.get().corrected == 1
    correct(prediction=prediction, by=alice, kind="undo")
    assert StreamMonth.objects.get().corrected == 0


def test_streams_have_the_name_of_their_preset(alice, bob, model):
    preset = create_preset(owner=alice, name="Water meter", fields={"digits": "5"})
    others = create_preset(owner=bob, name="Water meter", fields={"digits": "5"})

    def store(expected, owner=alice, **mode) -> Stream:
        stream = create_prediction(owner=owner, data=digit_png(7), source="api", expected=expected, **mode).stream
        assert stream is not None
        return stream

    before = expect(preset, {})
    renamed, of_bob = store(before), store(expect(others, {}), owner=bob)
    change_preset(preset, name="Gas meter")
    begun = store(before, mode="number")  # its reading began before the preset was renamed
    for stream, name in ((renamed, "Gas meter"), (begun, "Gas meter"), (of_bob, "Water meter")):
        stream.refresh_from_db()
        assert str(stream) == name


def test_an_answer_that_is_not_kept_is_decided_like_one_that_is(alice, model):
    kept = create_prediction(owner=alice, data=digit_png(), source="api")
    assert kept.decision == "read"
    Stream.objects.filter(pk=kept.stream_id).update(threshold=1.01)
    shown = read_unsaved(alice.pk, digit_png())
    assert shown.reading.decision == create_prediction(owner=alice, data=digit_png(), source="api").decision == "unsure"
    assert shown.threshold == 1.01
    assert read_unsaved(alice.pk, digit_png(), "digit").reading.decision == "read"  # another stream
