"""Tests of rescoring: earlier predictions are kept, and changes can be listed."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recognizer.models import Job, ModelVersion, Prediction, Upload
from recognizer.services.reading import rescoring
from recognizer.services.reading.expected import digest_fields, expect
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import change_preset, create_preset
from recognizer.services.space.recount import recount
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def predictions(alice, model, media) -> list[Prediction]:
    return [create_prediction(owner=alice, data=digit_png(n, size=100), source="upload") for n in (1, 7)]


def test_predictions_of_a_candidate_are_kept_beside_the_current_ones(loaded, predictions, alice):
    assert rescoring.rescore(Upload.objects.all(), loaded) == 2
    run_waiting_jobs()
    assert Prediction.objects.filter(model=loaded, is_current=False).count() == 2
    assert list(Prediction.objects.filter(is_current=True).order_by("given_at")) == predictions
    again = Prediction.objects.get(model=loaded, upload=predictions[1].upload)
    assert (again.text, again.mode, again.given_at) == (predictions[1].text, "auto", predictions[1].given_at)
    assert again.glyphs.count() == predictions[1].glyphs.count()


def test_predictions_of_the_active_version_become_current(loaded, predictions):
    ModelVersion.objects.filter(state="active").update(state="retired")
    ModelVersion.objects.filter(pk=loaded.pk).update(state="active")
    rescoring.rescore(Upload.objects.all(), loaded)
    run_waiting_jobs()
    assert set(Prediction.objects.filter(is_current=True).values_list("model", flat=True)) == {loaded.pk}
    assert Prediction.objects.count() == 4


def test_each_picture_is_read_again_with_what_was_expected_of_it(loaded, alice, media):
    preset = create_preset(owner=alice, name="Sevens", fields={"values": "7"})
    for fields in ({}, {"values": "1"}, {"values": "1"}):
        expected = expect(preset, fields)
        create_prediction(owner=alice, data=digit_png(7, size=100), source="upload", mode="digit", expected=expected)
    change_preset(preset, fields={"digits": "2"})
    rescoring.rescore(Upload.objects.all(), loaded)
    run_waiting_jobs()
    again = Prediction.objects.filter(model=loaded).order_by("given_at")
    assert [row.expected_fields["values"] for row in again] == ["7", "1", "1"]
    assert [row.reason for row in again] == ["", "unexpected", "unexpected"]
    assert {row.preset for row in again} == {preset}
    assert recount(owner_id=alice.pk).corrected_uploads == 0


def count_preset_queries(version: ModelVersion) -> int:
    rescoring.rescore(Upload.objects.all(), version)
    with CaptureQueriesContext(connection) as queries:
        run_waiting_jobs()
    return sum('FROM "recognizer_preset"' in query["sql"] for query in queries)


def test_the_presets_of_answers_of_an_earlier_release_are_fetched_together(loaded, alice, media):
    preset = create_preset(owner=alice, name="Sevens", fields={"values": "7"})
    counts = []
    for number in (1, 3):
        for _ in range(number):
            expected = expect(preset, {})
            before = create_prediction(owner=alice, data=digit_png(7, size=100), source="upload", expected=expected)
            Prediction.objects.filter(pk=before.pk).update(expected={"preset": "Sevens", "fields": {"values": "7"}})
        counts.append(count_preset_queries(loaded))
    assert counts[0] == counts[1] > 0
    digests = {row.preset_digest for row in Prediction.objects.filter(model=loaded)}
    assert digests == {digest_fields(preset.expectation)}


def test_a_version_reads_each_upload_once(loaded, predictions, model):
    assert rescoring.rescore(Upload.objects.all(), model) == 0
    rescoring.rescore(Upload.objects.filter(pk=predictions[0].upload_id), loaded)
    run_waiting_jobs()
    assert rescoring.rescore(Upload.objects.all(), loaded) == 1


def test_what_a_candidate_read_is_read_again_once_it_is_active(loaded, predictions):
    rescoring.rescore(Upload.objects.all(), loaded)
    run_waiting_jobs()
    ModelVersion.objects.filter(state="active").update(state="retired")
    ModelVersion.objects.filter(pk=loaded.pk).update(state="active")
    assert rescoring.rescore(Upload.objects.all(), loaded) == 2
    run_waiting_jobs()
    assert set(Prediction.objects.filter(is_current=True).values_list("model", flat=True)) == {loaded.pk}
    assert rescoring.rescore(Upload.objects.all(), loaded) == 0


def test_deleted_uploads_are_not_rescored(loaded, predictions):
    from django.utils import timezone

    Upload.objects.filter(pk=predictions[0].upload_id).update(deleted_at=timezone.now())
    assert rescoring.rescore(Upload.objects.all(), loaded) == 1


def test_changes_are_listed_with_the_previous_prediction(loaded, predictions):
    rescoring.rescore(Upload.objects.all(), loaded)
    run_waiting_jobs()
    assert not rescoring.changed_predictions(loaded).exists()
    Prediction.objects.filter(model=loaded, upload=predictions[1].upload).update(text="4", decision="unsure")
    (changed,) = rescoring.changed_predictions(loaded)
    assert (changed.upload, changed.text, changed.before_written) == (predictions[1].upload, "4", predictions[1].text)
    out = StringIO()
    call_command("rescore", "other", changes=True, stdout=out)
    assert f"{predictions[1].text} {predictions[1].decision} → 4 unsure" in out.getvalue()


def test_a_changed_sign_is_a_change_and_mode_and_decimal_mark_are_kept(loaded, alice, model, media):
    data = digit_png(7, size=100)
    before = store_reading(make_reading("-7"), owner=alice, mode="lines", decimal="comma", data=data)
    rescoring.rescore(Upload.objects.all(), loaded)
    run_waiting_jobs()

    (changed,) = rescoring.changed_predictions(loaded)
    assert (changed.upload, changed.mode, changed.decimal) == (before.upload, "lines", "comma")
    assert (changed.before_written, changed.written) == ("-7", "7")


def test_a_version_that_does_not_load_creates_no_jobs(other, predictions):
    with pytest.raises(CommandError):
        call_command("rescore", "other")
    assert not Job.objects.exists()


def test_the_command_filters_uploads(loaded, predictions, bob):
    out = StringIO()
    call_command("rescore", "other", user="bob", stdout=out)
    assert out.getvalue().startswith("0 uploads")
    call_command("rescore", "other", user="alice", since=None, decision=predictions[0].decision, stdout=out)
    assert Job.objects.filter(kind=Job.Kind.RESCORE).exists()


def test_an_unknown_version_is_wrong_usage(db):
    with pytest.raises(CommandError) as raised:
        call_command("rescore", "nobody")
    assert raised.value.returncode == 2
