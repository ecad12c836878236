"""Tests of presets, and of what predictions keep of them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction

from recognizer.figures.drawings import draw_png
from recognizer.models import Batch, BatchItem, Prediction, Preset, Stream
from recognizer.problems import Problem
from recognizer.services.batches import intake
from recognizer.services.history.corrections import correct
from recognizer.services.reading import presets
from recognizer.services.reading.expected import Expected, expect
from recognizer.services.reading.predictions import create_prediction, read_for, reread_upload, save_reading
from recognizer.services.reading.presets import change_preset, create_preset, delete_preset, find_preset, lock_presets
from recognizer.services.space.quotas import lock_usage
from recognizer.services.space.recount import recount
from tests.readings import make_reading, store_reading
from tests.recognizer.services.batches.conftest import run_waiting_jobs
from tests.recognizer.threads import meanwhile, wait_for_a_lock

pytestmark = pytest.mark.django_db
FIELDS = {"digits": "4", "step": "300"}
DATA = draw_png("1905")
ENDS_ABOVE = "A counter that starts again needs a largest step, and its end lies above both."


@pytest.fixture
def meter(alice) -> Preset:
    return create_preset(owner=alice, name="Water meter", fields=FIELDS, mode="number")


@pytest.fixture
def expected(meter) -> Expected:
    found = expect(meter, {"previous": "1800"})
    assert found is not None
    return found


@pytest.fixture
def prediction(alice, model, media, expected) -> Prediction:
    return create_prediction(owner=alice, data=DATA, source="api", expected=expected)


def test_empty_fields_and_spaces_are_not_stored(alice):
    preset = create_preset(owner=alice, name="  Cheque ", fields={"decimals": " 2 ", "digits": "", "check": "  "})
    assert (preset.name, preset.expectation) == ("Cheque", {"decimals": "2"})


@pytest.mark.parametrize(
    ("name", "fields", "errors"),
    [
        ("", {"digits": "5"}, {"name": ["Give the preset a name."]}),
        ("a\nb", {"digits": "5"}, {"name": ["A name is one line of letters, digits and signs."]}),
        ("a\0", {"digits": "5"}, {"name": ["A name is one line of letters, digits and signs."]}),
        ("\ud800", {"digits": "5"}, {"name": ["A name is one line of letters, digits and signs."]}),
        ("x" * 81, {"digits": "5"}, {"name": ["A name has at most 80 characters."]}),
        ("x", {}, {"expect": ["Say at least one thing that you expect."]}),
        ("x", {"digits": "five"}, {"expect": {"digits": ["Write a number such as 5, or two such as 3-6."]}}),
        ("x", {"step": "9", "wraps_at": "9"}, {"expect": {"wraps_at": [ENDS_ABOVE]}}),
        ("x", {"minimum": "9", "maximum": "8"}, {"expect": {"maximum": ["The minimum is greater than the maximum."]}}),
        ("x", {"values": "1|" * 2_600}, {"expect": {"values": ["All fields together have at most 5,000 characters."]}}),
    ],
)
def test_each_wrong_field_is_named(alice, name, fields, errors):
    with pytest.raises(Problem) as raised:
        create_preset(owner=alice, name=name, fields=fields)
    assert raised.value.code == "invalid"
    assert raised.value.errors == errors
    assert not Preset.objects.exists()


def test_a_name_is_used_once_by_an_account(alice, bob, meter):
    create_preset(owner=bob, name="Water meter", fields=FIELDS)
    other = create_preset(owner=alice, name="Gas meter", fields=FIELDS)
    for save in (
        lambda: create_preset(owner=alice, name=" Water meter", fields=FIELDS),
        lambda: change_preset(other, name="Water meter"),
    ):
        with pytest.raises(Problem) as raised:
            save()
        assert raised.value.errors == {"name": ["You have a preset with this name already."]}
    assert Preset.objects.count() == 3


def test_an_account_has_a_limited_number_of_presets(alice, bob, monkeypatch):
    monkeypatch.setattr(presets, "MAX_PRESETS", 2)
    for number in range(2):
        create_preset(owner=alice, name=str(number), fields=FIELDS)
    with pytest.raises(Problem) as raised:
        create_preset(owner=alice, name="one more", fields=FIELDS)
    assert raised.value.code == "conflict"
    create_preset(owner=bob, name="one more", fields=FIELDS)


@pytest.mark.parametrize("name", ["Gas meter", "water meter", "Water meter\0", "\ud800", ""])
def test_an_unknown_name_and_another_persons_are_not_found(alice, bob, meter, name):
    assert find_preset(alice.pk, " Water meter ") == meter
    for owner, wanted in ((alice, name), (bob, "Water meter")):
        with pytest.raises(Problem) as raised:
            find_preset(owner.pk, wanted)
        assert raised.value.errors == {"preset": ["There is no preset with this name."]}


def test_fields_of_a_request_replace_those_of_the_preset(meter):
    expected = expect(meter, {"digits": "6", "previous": "120"})
    assert expected.fields == {"digits": "6", "step": "300", "previous": "120"}
    assert (expected.preset_id, expected.preset_name) == (meter.pk, "Water meter")
    assert expected.expectation.fits("000420") and not expected.expectation.fits("000421")


def test_a_step_waits_for_a_previous_value(meter):
    assert expect(meter, {}).fields == {"digits": "4"}
    with pytest.raises(Problem) as raised:
        expect(meter, {"step": "200"})
    assert raised.value.errors == {"expect": {"step": ["It needs a previous value."]}}


def test_an_empty_field_takes_that_of_the_preset_away(meter):
    assert expect(meter, {"digits": ""}).fields == {}
    assert expect(None, {"digits": ""}) is None


def test_a_prediction_keeps_what_was_expected_when_the_preset_changes(prediction, meter):
    change_preset(meter, name="Old meter", fields={"digits": "9"})
    prediction.refresh_from_db()
    assert (prediction.preset, prediction.preset_name) == (meter, "Water meter")
    assert prediction.expected_fields == {"digits": "4", "step": "300", "previous": "1800"}
    assert prediction.text == "1905"


@pytest.mark.parametrize("at_once", [1, 2_000])
def test_a_prediction_keeps_what_was_expected_when_the_preset_is_deleted(
    alice, prediction, meter, monkeypatch, at_once
):
    monkeypatch.setattr(presets, "DETACHED_AT_ONCE", at_once)
    other = create_prediction(owner=alice, data=DATA, source="api", expected=expect(meter, {}))
    batch = intake.create_batch(owner=alice, expected=expect(meter, {}))
    delete_preset(meter)
    for row in (prediction, other, batch):
        row.refresh_from_db()
        assert (row.preset, row.preset_name) == (None, "Water meter")
    assert prediction.expected_fields["previous"] == "1800"
    assert not Preset.objects.exists()


def test_a_preset_deleted_while_a_picture_is_read_is_not_missed(alice, model, media, meter, expected):
    reading = read_for(alice.pk, DATA, expected=expected)
    delete_preset(meter)
    prediction = save_reading(reading, owner=alice, data=DATA, source="api")
    prediction.refresh_from_db()
    assert (prediction.preset, prediction.preset_name) == (None, "Water meter")


@pytest.mark.django_db(transaction=True)
def test_a_preset_deleted_while_a_prediction_is_saved_waits_for_it(alice, model, media, meter, expected):
    reading = read_for(alice.pk, DATA, expected=expected)
    with meanwhile(lambda: delete_preset(meter)):
        prediction = save_reading(reading, owner=alice, data=DATA, source="api")
    prediction.refresh_from_db()
    assert (prediction.preset, prediction.preset_name) == (None, "Water meter")


@pytest.mark.django_db(transaction=True)
def test_a_batch_and_a_request_do_not_wait_for_each_others_locks(alice, model, media, meter, caplog):
    """A request books the usage and then locks the preset. The chunk meanwhile must not hold the preset first."""
    create_prediction(owner=alice, data=DATA, source="api")  # the model is loaded, and the usage has a row
    intake.add_files(intake.create_batch(owner=alice, expected=expect(meter, {})), [("1.png", ContentFile(DATA))])

    def read_chunk() -> None:
        try:
            run_waiting_jobs()
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            lock_usage([alice.pk])
            chunk = threads.submit(read_chunk)
            wait_for_a_lock()
            assert lock_presets([alice.pk], [meter.pk]) == {meter.pk}
        chunk.result()
    assert "has to wait" not in caplog.text  # as after a deadlock, which PostgreSQL ends with an error
    assert Prediction.objects.get(upload=BatchItem.objects.get().upload).preset == meter


@pytest.mark.django_db(transaction=True)
def test_a_preset_is_renamed_while_answers_of_its_streams_are_corrected(alice, model, media, meter, settings):
    """The corrections lock the newer stream first. The new name meanwhile must not lock the older one."""
    settings.AUDITED_SHARE = 1.0
    older = store_reading(make_reading("1905"), owner=alice, expected=expect(meter, {}))
    change_preset(meter, fields={"digits": "3-6"})
    newer = store_reading(make_reading("1905"), owner=alice, expected=expect(meter, {}))

    def rename() -> None:
        try:
            change_preset(Preset.objects.get(), name="Gas meter")
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            correct(prediction=newer, by=alice, kind="confirm")
            renaming = threads.submit(rename)
            wait_for_a_lock()
            correct(prediction=older, by=alice, kind="confirm")
        renaming.result()
    assert list(Stream.objects.values_list("name", flat=True)) == ["Gas meter", "Gas meter"]


def test_a_number_that_does_not_fit_is_unsure(alice, model, media):
    expected = expect(None, {"values": "7777"})
    prediction = create_prediction(owner=alice, data=DATA, source="api", expected=expected)
    assert (prediction.text, prediction.decision, prediction.reason) == ("1905", "unsure", "unexpected")
    assert prediction.preset is None


def test_the_expected_number_of_decimals_settles_the_value(prediction):
    Prediction.objects.update(signed_text="1.905", decimal="", expected={"preset": "", "fields": {"decimals": "3"}})
    prediction.refresh_from_db()
    assert prediction.value == "1.905"
    prediction.expected = {"preset": "", "fields": {"decimals": "0-3"}}
    assert prediction.value is None


def test_reading_again_keeps_what_was_expected(prediction, meter):
    change_preset(meter, fields={"digits": "9"})
    again = reread_upload(prediction.upload, "lines")
    again.refresh_from_db()
    assert (again.preset, again.expected, again.text) == (meter, prediction.expected, "1905")


def test_the_items_of_a_batch_are_read_with_its_preset(alice, model, media, meter):
    batch = intake.create_batch(owner=alice, expected=expect(meter, {"values": "7777"}))
    change_preset(meter, fields={"digits": "9"})
    intake.add_files(batch, [(f"{number}.png", ContentFile(DATA)) for number in range(2)])
    run_waiting_jobs()
    for prediction in Prediction.objects.all():
        assert (prediction.reason, prediction.preset) == ("unexpected", meter)
        assert prediction.expected_fields == {"digits": "4", "values": "7777"}


def test_a_batch_whose_preset_is_deleted_is_read_with_what_it_expects(alice, model, media, meter):
    batch = intake.new_batch(owner=alice, expected=expect(meter, {"values": "7777"}))
    delete_preset(meter)
    intake.add_files(batch, [("1.png", ContentFile(DATA))])
    assert Batch.objects.get().preset is None
    run_waiting_jobs()
    prediction = Prediction.objects.get()
    assert (prediction.reason, prediction.preset, prediction.preset_name) == ("unexpected", None, "Water meter")


def test_what_was_expected_counts_as_stored(alice, prediction):
    free = create_prediction(owner=alice, data=DATA, source="api")
    assert prediction.upload.derived_bytes - free.upload.derived_bytes > len(str(prediction.expected)) / 2
    assert recount(owner_id=alice.pk).corrected_uploads == 0
