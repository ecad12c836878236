"""Pages of presets, and the choice of a preset where pictures are uploaded and read again."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from recognizer.figures.drawings import draw_png
from recognizer.forms.reading import PAGE_MODES
from recognizer.models import Batch, Prediction, Preset, Stream, Upload
from recognizer.services.reading import presets
from recognizer.services.reading.expected import expect
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.reading.presets import change_preset, create_preset, delete_preset
from tests.conftest import client_of
from tests.recognizer.services.batches.conftest import run_waiting_jobs

pytestmark = pytest.mark.django_db
DATA = draw_png("1905")
FORM = {"name": "Water meter", "mode": "number", "digits": "4"}


@pytest.fixture
def meter(alice, model) -> Preset:
    return create_preset(owner=alice, name="Water meter", mode="number", fields={"digits": "4", "step": "300"})


def picture(name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, DATA, "image/png")


def page_of(client, name: str, *args) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_account_without_presets_is_led_to_the_first(alice_client):
    assert "No presets yet." in page_of(alice_client, "presets")
    assert reverse("presets") in page_of(alice_client, "account")
    assert reverse("presets") in page_of(alice_client, "desk")


def test_a_preset_is_created_with_every_field(alice, alice_client):
    fields = {
        "digits": "3-6",
        "decimals": "2",
        "sign": "no",
        "pattern": "999.99",
        "minimum": "0.50",
        "maximum": "900",
        "previous": "10",
        "step": "800",
        "wraps_at": "1000",
    }
    given = {"values": "100.00\r\n\r\n 200.00 ", "check": "weights:", "weights": "1,2,3 mod 7"}
    answer = alice_client.post(reverse("preset_create"), {"name": "All", "mode": "lines", **fields, **given})
    assert (answer.status_code, answer.url) == (302, reverse("presets"))
    preset = Preset.objects.get(owner=alice)
    assert (preset.name, preset.mode) == ("All", "lines")
    assert preset.expectation == {**fields, "values": "100.00|200.00", "check": "weights:1,2,3 mod 7"}
    edit = page_of(alice_client, "preset_edit", preset.pk)
    assert "100.00\n200.00</textarea>" in edit
    for value in (*fields.values(), "1,2,3 mod 7"):
        assert f'value="{value}"' in edit
    alice_client.post(reverse("preset_edit", args=[preset.pk]), {"name": "All", "mode": "lines", **fields, **given})
    assert Preset.objects.get().expectation == preset.expectation


def test_a_preset_made_from_the_desk_leads_back_there_even_after_an_error(alice_client):
    address = f"{reverse('preset_create')}?from=desk"
    assert address in page_of(alice_client, "desk")
    assert alice_client.post(address, {**FORM, "digits": "five"}).status_code == 400
    answer = alice_client.post(address, {**FORM, "name": "A & B"})
    assert answer.url == f"{reverse('desk')}?preset=A+%26+B"


def test_a_form_that_is_sent_twice_creates_one_preset(alice_client):
    for _ in range(2):
        assert alice_client.post(reverse("preset_create"), FORM).status_code == 302
    assert Preset.objects.count() == 1
    assert alice_client.post(reverse("preset_create"), {**FORM, "digits": "5"}).status_code == 400


def test_one_preset_too_many_is_explained(alice_client, meter, monkeypatch):
    monkeypatch.setattr(presets, "MAX_PRESETS", 1)
    answer = alice_client.post(reverse("preset_create"), {**FORM, "name": "Other"})
    assert (answer.status_code, Preset.objects.count()) == (409, 1)
    assert "An account has at most 1 presets. Delete one first." in answer.content.decode()


def test_the_list_says_what_each_preset_expects(alice_client, meter):
    page = page_of(alice_client, "presets")
    assert "A number: 4 digits, at most 300 above the previous value" in page
    assert f"{reverse('desk')}?preset=Water%20meter" in page


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"name": "x" * 81}, "name", "at most 80 characters"),
        ({"name": "Gas meter"}, "name", "You have a preset with this name already."),
        ({"mode": "words"}, "mode", "This mode does not exist."),
        ({"digits": "five"}, "digits", "Write a number such as 5, or two such as 3-6."),
        ({"minimum": "9", "maximum": "8"}, "maximum", "The minimum is greater than the maximum."),
        ({"wraps_at": "100"}, "wraps_at", "A counter that starts again needs a largest step"),
        ({"check": "weights:", "weights": "1,2"}, "weights", "There is no check digit"),
        ({"check": "md5"}, "check", "This check digit does not exist."),
        ({"values": "seven\0"}, "values", "Null characters are not allowed."),
        ({"values": "<script>"}, "values", "A number is written with digits"),
        ({"digits": ""}, None, "Say at least one thing that you expect."),
    ],
)
def test_a_wrong_field_is_explained_beside_it(alice, alice_client, meter, changes, field, message):
    create_preset(owner=alice, name="Gas meter", fields={"digits": "5"})
    for address in (reverse("preset_create"), reverse("preset_edit", args=[meter.pk])):
        answer = alice_client.post(address, {**FORM, "name": "Other", **changes})
        page = answer.content.decode()
        assert answer.status_code == 400
        if field:
            assert message in page.partition(f'id="id_{field}"')[2].partition('<div class="field"')[0]
        assert message in page
        assert "<script>" not in re.findall("<textarea.*?</textarea>", page, re.S)[0]
    assert set(Preset.objects.values_list("name", flat=True)) == {"Water meter", "Gas meter"}


def test_a_preset_is_changed_and_deleted(alice_client, meter):
    assert alice_client.post(reverse("preset_edit", args=[meter.pk]), {**FORM, "name": "Gas"}).status_code == 302
    meter.refresh_from_db()
    assert (meter.name, meter.expectation) == ("Gas", {"digits": "4"})
    for status in (302, 404):
        assert alice_client.post(reverse("preset_delete", args=[meter.pk])).status_code == status
    assert not Preset.objects.exists()


def test_a_stranger_finds_no_preset(bob, meter):
    client = client_of(bob)
    for address in (reverse("preset_edit", args=[meter.pk]), reverse("preset_delete", args=[meter.pk])):
        assert client.post(address, FORM).status_code == 404
    assert client.get(reverse("preset_edit", args=[meter.pk])).status_code == 404
    assert "Water meter" not in page_of(client, "presets") + page_of(client, "desk")
    answer = client.post(reverse("upload_create"), {"image": picture(), "preset": "Water meter"})
    assert (answer.status_code, Upload.objects.count()) == (400, 0)
    assert "There is no preset with this name." in answer.content.decode()


@pytest.mark.parametrize("digits", ["4", "5"])
def test_a_preset_is_tried_on_a_picture_and_nothing_is_stored(alice_client, meter, media, digits):
    address = reverse("preset_edit", args=[meter.pk])
    answer = alice_client.post(address, {**FORM, "digits": digits, "try": "1", "picture": picture()})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Tried, and not stored" in page and "Without the preset: 1905" in " ".join(page.split())
    assert ("It has 4 digits." in page) == (digits == "5")
    assert f'value="{digits}"' in page
    meter.refresh_from_db()
    assert meter.expectation == {"digits": "4", "step": "300"}
    assert not Upload.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]


def test_a_preset_offers_the_modes_of_the_start_page(alice, alice_client, model, meter):
    offered = [value for value, _label in PAGE_MODES]
    by_program = create_preset(owner=alice, name="By a program", mode="auto", fields={"digits": "4"})
    for name, keys, modes in (
        ("preset_create", [], offered),
        ("preset_edit", [meter.pk], offered),
        ("preset_edit", [by_program.pk], [*offered, "auto"]),
    ):
        page = alice_client.get(reverse(name, args=keys)).content.decode()
        select = re.search(r'<select name="mode".*?</select>', page, flags=re.S)[0]
        assert re.findall(r'<option value="(\w+)"', select) == modes


def test_a_preset_is_tried_before_it_is_created(alice_client, model):
    data = {**FORM, "previous": "1800", "step": "300", "try": "1", "picture": picture()}
    assert "Tried, and not stored" in alice_client.post(reverse("preset_create"), data).content.decode()
    assert not Preset.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({}, 400, "Choose a picture to try it on."),
        ({"picture": SimpleUploadedFile("a.png", b"no picture")}, 415, "This file format is not supported."),
        ({"digits": "x"}, 400, "Write a number such as 5"),
    ],
)
def test_a_trial_that_cannot_be_made_is_explained(alice_client, meter, sent, status, message):
    answer = alice_client.post(reverse("preset_edit", args=[meter.pk]), {**FORM, "try": "1", **sent})
    assert answer.status_code == status
    assert message in answer.content.decode()


def test_a_picture_is_read_with_the_preset_chosen_on_the_desk(alice_client, meter):
    page = alice_client.get(reverse("desk"), {"preset": "Water meter"}).content.decode()
    assert '<option value="Water meter" data-mode="number" selected>' in page
    data = {"image": picture(), "mode": "lines", "preset": "Water meter", "previous": "1000"}
    assert alice_client.post(reverse("upload_create"), data).status_code == 302
    prediction = Prediction.objects.get()
    assert (prediction.preset, prediction.mode, prediction.reason) == (meter, "number", "unexpected")
    assert prediction.expected_fields == {"digits": "4", "step": "300", "previous": "1000"}


@pytest.mark.parametrize(("previous", "stored"), [("9990", "9990"), ("9990,5", "9990.5")])
def test_a_previous_value_needs_no_preset(alice_client, meter, previous, stored):
    alice_client.post(reverse("upload_create"), {"image": picture(), "previous": previous})
    prediction = Prediction.objects.get()
    assert (prediction.preset, prediction.expected_fields) == (None, {"previous": stored})
    assert prediction.reason == "unexpected"


@pytest.mark.parametrize("fields", [{"preset": "Gas meter"}, {"preset": "a\0"}, {"previous": "many"}])
def test_a_wrong_choice_is_explained_and_kept_in_the_form(alice_client, meter, fields):
    answer = alice_client.post(reverse("upload_create"), {"image": picture(), "preset": "Water meter", **fields})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not Upload.objects.exists()


def test_the_preview_of_a_drawing_follows_the_preset(alice_client, meter):
    data = {"image": picture(), "preset": "Water meter", "previous": "1000"}
    assert "does not look like what you expect" in alice_client.post(reverse("preview"), data).content.decode()
    assert alice_client.post(reverse("preview"), {"image": picture(), "preset": "x"}).status_code == 400


def test_the_files_of_a_batch_are_read_with_the_preset(alice_client, meter):
    files = [picture("a.png"), picture("b.png")]
    answer = alice_client.post(reverse("upload_create"), {"image": files, "preset": "Water meter", "previous": "1900"})
    batch = Batch.objects.get()
    assert (batch.preset, batch.mode) == (meter, "number")
    run_waiting_jobs()
    assert {row.preset for row in Prediction.objects.all()} == {meter}
    page = alice_client.get(answer.url).content.decode()
    assert "Preset Water meter: 4 digits, not below the previous value 1900" in page


def test_the_page_of_a_picture_says_what_was_expected_and_why_it_does_not_fit(alice, alice_client, meter):
    expected = expect(meter, {"digits": "5", "previous": "1000"})
    prediction = create_prediction(owner=alice, data=DATA, source="upload", expected=expected)
    page = page_of(alice_client, "upload_detail", prediction.upload_id)
    assert "5 digits, not below the previous value 1000, at most 300 above" in page
    for misfit in ("It has 4 digits.", "It cannot follow the previous value 1000."):
        assert f"<li>{misfit}</li>" in page
    address = reverse("preset_edit", args=[meter.pk])
    assert address in page
    delete_preset(meter)
    page = page_of(alice_client, "upload_detail", prediction.upload_id)
    assert "Water meter" in page and address not in page


def test_the_page_of_a_picture_says_nothing_where_nothing_was_expected(alice, alice_client, model):
    prediction = create_prediction(owner=alice, data=DATA, source="upload")
    page = page_of(alice_client, "upload_detail", prediction.upload_id)
    assert "Expected" not in page and 'name="expect"' not in page


@pytest.mark.parametrize(
    ("choice", "fields", "name"),
    [
        ("as-before", {"digits": "4", "previous": "1000"}, "Water meter"),
        ("", {"digits": "4", "previous": "1000"}, "Water meter"),
        ("nothing", {}, ""),
        ("preset:Meter", {"digits": "2-6", "previous": "1000"}, "Meter"),
    ],
)
def test_reading_again_takes_another_expectation(alice, alice_client, meter, choice, fields, name):
    change_preset(meter, fields={"digits": "4"})
    expected = expect(meter, {"previous": "1000"})
    prediction = create_prediction(owner=alice, data=DATA, source="upload", expected=expected)
    change_preset(meter, name="Meter", fields={"digits": "2-6"})
    address = reverse("upload_read_again", args=[prediction.upload_id])
    assert alice_client.post(address, {"mode": "number", "expect": choice}).status_code == 302
    again = Prediction.objects.get(is_current=True)
    assert (again.expected_fields, again.preset_name) == (fields, name)


@pytest.mark.parametrize("choice", ["preset:Gas meter", "preset:", "other", "preset:a\0"])
def test_reading_again_refuses_another_choice(alice, alice_client, model, choice):
    prediction = create_prediction(owner=alice, data=DATA, source="upload")
    address = reverse("upload_read_again", args=[prediction.upload_id])
    assert alice_client.post(address, {"mode": "number", "expect": choice}).status_code == 400
    assert Prediction.objects.count() == 1


WRITTEN_OTHERWISE = {"digits": "4-4", "sign": "false", "minimum": "0.50", "values": "1000 | 2000", "check": " luhn"}


@pytest.mark.parametrize("fields", [{"digits": "4", "step": "300"}, WRITTEN_OTHERWISE, {"sign": "yes", "digits": "4"}])
def test_saving_a_preset_without_a_change_or_with_a_new_name_keeps_its_streams(alice, alice_client, model, fields):
    preset = create_preset(owner=alice, name="Gas meter", mode="number", fields=fields)
    stream = stream_under(preset)
    address = reverse("preset_edit", args=[preset.pk])
    form = alice_client.get(address).context["form"]
    shown = {name: form[name].value() or "" for name in form.fields}
    for name in ("Gas meter", "Power meter"):
        assert alice_client.post(address, {**shown, "name": name}).status_code == 302
        preset.refresh_from_db()
        assert preset.name == name
        assert stream_under(preset) == stream
    assert alice_client.post(address, {**shown, "digits": "5"}).status_code == 302
    preset.refresh_from_db()
    assert stream_under(preset) != stream


def stream_under(preset: Preset) -> Stream | None:
    """Return the stream of another answer under a preset."""
    expected = expect(preset, {})
    return create_prediction(owner=preset.owner, data=DATA, source="api", mode="number", expected=expected).stream


def test_the_page_says_before_saving_what_a_change_ends(alice, alice_client, meter):
    assert "measured anew" not in page_of(alice_client, "preset_edit", meter.pk)
    create_prediction(owner=alice, data=DATA, source="api", mode="number", expected=expect(meter, {}))
    assert "measured anew" in page_of(alice_client, "preset_edit", meter.pk)
    assert "measured anew" not in page_of(alice_client, "preset_create")
