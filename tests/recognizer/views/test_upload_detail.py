"""The page of one picture: prediction, feature maps, corrections and other actions."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse
from django.utils import timezone

from recognizer.models import Correction, Glyph, Job, Prediction, Stream
from recognizer.services.batches.intake import create_batch
from recognizer.services.history import corrections
from recognizer.services.history.pages import Neighbours, neighbours_of
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.registry.thresholds import sure_from
from recognizer.services.work.queues import INTERACTIVE
from recognizer.services.work.worker_state import record_heartbeats
from recognizer.words.answers import percent_up
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def page_of(client, prediction, name="upload_detail") -> str:
    answer = client.get(reverse(name, args=[prediction.upload_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_text_confidence_and_ten_probabilities(alice_client, add_prediction):
    page = page_of(alice_client, add_prediction("7", confidence=0.973))
    assert "Sure" in page
    assert page.count("97.3\N{NO-BREAK SPACE}%") >= 2  # of the number and of its digit
    assert page.count('<th scope="row">') == 10


def test_a_picture_of_a_batch_leads_back_to_the_batch(alice, alice_client, add_prediction):
    alone, together = add_prediction("7"), add_prediction("8")
    batch = create_batch(owner=alice, name="<May>")
    batch.items.create(position=0, name="8.png", state="done", upload=together.upload)
    link = f'<a href="{reverse("batch_detail", args=[batch.pk])}">← Back to &lt;May&gt;</a>'
    assert link in page_of(alice_client, together)
    assert "Back to" not in page_of(alice_client, alone)


@pytest.mark.parametrize(
    ("confidence", "figure"),
    [
        (0.9999, "99.9\N{NO-BREAK SPACE}%"),
        (1.0, "100\N{NO-BREAK SPACE}%"),
        (0.0004, "&lt;\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"),
        (0.5, "50.0\N{NO-BREAK SPACE}%"),
    ],
)
def test_confidence_is_never_rounded_up_to_100_percent(alice_client, add_prediction, confidence, figure):
    assert figure in page_of(alice_client, add_prediction("7", confidence=confidence))


def test_each_digit_has_a_box_over_the_picture(alice_client, add_prediction):
    assert page_of(alice_client, add_prediction("1905")).count("<rect x=") == 4


@pytest.mark.parametrize(("reason", "words"), [("no_ink", "No writing was found"), ("", "Nothing in the picture")])
def test_a_rejected_picture_shows_the_reason(alice_client, add_prediction, reason, words):
    prediction = add_prediction("")
    Prediction.objects.filter(pk=prediction.pk).update(reason=reason)
    assert words in page_of(alice_client, prediction)


def test_the_page_polls_while_feature_maps_are_drawn(alice, alice_client, model, redis_server):
    record_heartbeats([INTERACTIVE])
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    maps = page_of(alice_client, prediction, "upload_maps")
    assert "are being drawn" in maps
    assert 'hx-trigger="every 700ms, visibilitychange' in maps


def test_the_page_shows_that_the_queue_cannot_be_reached(alice, alice_client, model):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    maps = page_of(alice_client, prediction, "upload_maps")
    assert "The job queue cannot be reached." in maps
    assert "hx-trigger" in maps


@pytest.mark.parametrize("state", ["done", "failed"])
def test_polling_stops_in_a_final_state(alice, alice_client, model, state):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    Job.objects.update(state=state)
    maps = page_of(alice_client, prediction, "upload_maps")
    assert "hx-trigger" not in maps
    assert ("could not be drawn" in maps) == (state == "failed")


def test_the_first_view_creates_one_feature_map_job(alice, alice_client, model):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="api")
    assert not Job.objects.exists()
    page_of(alice_client, prediction)
    page_of(alice_client, prediction)
    assert Job.objects.count() == 1


def test_the_page_works_without_the_models_files(alice_client, add_prediction):
    prediction = add_prediction("7")
    prediction.model.__class__.objects.update(digest="0" * 64)
    page = page_of(alice_client, prediction)
    assert "Sure" in page
    assert "the files of the model that read this picture are missing" in page


def test_boxes_of_a_picture_without_digits_have_no_labels(alice, alice_client, add_prediction):
    prediction = add_prediction("12")
    # Corrected when an earlier reading had found nothing, so the correction has no boxes.
    Correction.objects.create(upload=prediction.upload, prediction=prediction, by=alice, kind="not_a_digit")
    page = alice_client.get(reverse("upload_detail", args=[prediction.upload_id]))
    assert [place["label"] for place in page.context["boxes"]] == ["", ""]


def test_reading_again_in_another_mode_keeps_the_first_prediction(alice, alice_client, model):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="auto")
    alice_client.post(reverse("upload_read_again", args=[first.upload_id]), {"mode": "digit"})
    assert [p.mode for p in Prediction.objects.order_by("created_at")] == ["auto", "digit"]
    earlier = alice_client.get(reverse("upload_detail", args=[first.upload_id]), {"answer": str(first.pk)})
    assert earlier.context["prediction"] == first
    assert "All results for this picture" in earlier.content.decode()


def test_an_unknown_mode_is_refused(alice, alice_client, add_prediction):
    answer = alice_client.post(reverse("upload_read_again", args=[add_prediction().upload_id]), {"mode": "letters"})
    assert answer.status_code == 400


@pytest.mark.parametrize("answer", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_earlier_prediction_gets_404(alice_client, add_prediction, answer):
    page = alice_client.get(reverse("upload_detail", args=[add_prediction().upload_id]), {"answer": answer})
    assert page.status_code == 404


def test_a_correction_of_an_earlier_prediction_is_stored_with_it(alice, alice_client, model):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="auto")
    alice_client.post(reverse("upload_read_again", args=[first.upload_id]), {"mode": "digit"})
    page = alice_client.get(reverse("upload_detail", args=[first.upload_id]), {"answer": str(first.pk)})
    alice_client.post(page.context["correct_url"], {"action": "confirm"})
    assert Correction.objects.get().prediction == first


def test_a_correction_by_htmx_returns_the_changed_part(alice_client, add_prediction):
    url = reverse("upload_correct", args=[add_prediction("7").upload_id])
    answer = alice_client.post(url, {"action": "labels", "label": "1"}, headers=HTMX)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.lstrip().startswith("<title>1 · Digitscribe</title>")
    assert "<html" not in page
    assert "Corrected to <strong>1</strong>" in page
    assert '<span class="visually-hidden">1</span>' in page  # the heading shows the corrected text
    assert "Read as 7: " in page


def test_a_correction_by_a_plain_form_redirects_to_the_page(alice_client, add_prediction):
    prediction = add_prediction("7")
    answer = alice_client.post(reverse("upload_correct", args=[prediction.upload_id]), {"action": "not_a_digit"})
    assert answer.url == reverse("upload_detail", args=[prediction.upload_id])


@pytest.mark.parametrize("action", ["label", "split", "merge", "remove", "add"])
def test_boxes_change_only_as_the_form_has_shown_them(alice_client, add_prediction, action):
    prediction = add_prediction("123")
    detail, correct = (reverse(name, args=[prediction.upload_id]) for name in ("upload_detail", "upload_correct"))
    page = alice_client.get(detail).content.decode()
    (seen,) = set(re.findall('name="seen" value="([^"]*)"', page))
    value = {"label": "9", "split": "45", "add": "5"}.get(action, "")
    form = {"action": action, "position": "0", "value": value, "x": "0", "y": "0", "width": "1", "height": "1"}
    assert alice_client.post(correct, form | {"seen": seen}).status_code == 302
    assert alice_client.post(correct, form | {"seen": seen}).status_code == 409  # a second click, or another tab
    assert Correction.objects.count() == 1
    page = alice_client.get(detail).content.decode()
    (seen,) = set(re.findall('name="seen" value="([^"]*)"', page))
    assert alice_client.post(correct, {"action": "remove", "position": "0", "seen": seen}).status_code == 302


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "script"])
@pytest.mark.parametrize(
    "form",
    [
        {"action": "labels", "label": "x"},
        {"action": "labels", "label": ["1", "2"]},
        {"action": "text", "value": "seven"},
        {"action": "text", "value": ""},
        {"action": "text", "value": "7" * 601},
        {"action": "label", "position": "0", "value": "x"},
        {"action": "label", "position": "9", "value": "1"},
        {"action": "split", "position": "0", "value": "1"},
        {"action": "split", "position": "9", "value": "12"},
        {"action": "merge", "position": "0", "value": "1"},
        {"action": "remove", "position": "-1"},
        {"action": "add", "x": "0", "y": "0", "width": "9999", "height": "1", "value": "1"},
        {"action": "add", "x": "nan", "y": "0", "width": "1", "height": "1", "value": "1"},
        {"action": "add", "x": "1e400", "y": "0", "width": "1", "height": "1", "value": "1"},
        {"action": "undo"},
        {"action": "dance"},
        {},
    ],
    ids=str,
)
def test_an_invalid_correction_gets_an_error(alice_client, add_prediction, form, headers):
    answer = alice_client.post(reverse("upload_correct", args=[add_prediction("7").upload_id]), form, headers=headers)
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.content.decode()
    assert not Correction.objects.exists()


def test_a_deleted_picture_gets_404_and_can_be_restored(alice_client, add_prediction):
    prediction = add_prediction("7")
    gone = alice_client.post(reverse("upload_delete", args=[prediction.upload_id]))
    assert alice_client.get(reverse("upload_detail", args=[prediction.upload_id])).status_code == 404
    page = alice_client.get(gone.url)
    alice_client.post(reverse("history_restore"), {"deleted": page.context["deleted"]})
    assert alice_client.get(reverse("upload_detail", args=[prediction.upload_id])).status_code == 200


def test_the_review_queue_starts_with_the_lowest_confidence(alice, alice_client, add_prediction):
    add_prediction("1", decision="unsure", confidence=0.6)
    least = add_prediction("2", decision="unsure", confidence=0.3)
    add_prediction("3", confidence=0.1)  # low, but sure by the thresholds
    assert alice_client.get(reverse("review")).context["prediction"] == least
    corrections.correct(prediction=least, by=alice, kind="confirm")
    assert alice_client.get(reverse("review")).context["prediction"].text == "1"


def test_sure_predictions_are_reviewed_only_on_request(alice_client, add_prediction):
    add_prediction("3")
    assert "prediction" not in alice_client.get(reverse("review")).context
    assert alice_client.get(reverse("review") + "?all").context["prediction"].text == "3"


def test_the_page_links_to_the_pictures_before_and_after_it(alice, alice_client, bob, add_prediction):
    newest, middle, oldest = (add_prediction(text) for text in "123")
    add_prediction("4", owner=bob, at=middle.given_at)
    gone = add_prediction("5", at=middle.given_at)
    alice_client.post(reverse("upload_delete", args=[gone.upload_id]))
    assert neighbours_of(alice, middle) == Neighbours(newest.upload_id, oldest.upload_id)
    assert neighbours_of(alice, newest).newer is neighbours_of(alice, oldest).older is None
    page = page_of(alice_client, middle)
    for neighbour in (newest, oldest):
        assert f'href="{reverse("upload_detail", args=[neighbour.upload_id])}"' in page


def test_pictures_of_the_same_moment_are_neighbours(alice, add_prediction):
    now = timezone.now()
    rows = sorted((add_prediction(text, at=now) for text in "1234"), key=lambda row: row.pk, reverse=True)
    walked = [rows[0].upload_id]
    while following := neighbours_of(alice, Prediction.objects.get(upload=walked[-1])).older:
        walked.append(following)
    assert walked == [row.upload_id for row in rows]


def test_the_answer_is_shown_as_the_json_of_the_api(alice, alice_client, alice_token, add_prediction):
    prediction = add_prediction("1905", decision="unsure")
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1906")
    shown = alice_client.get(reverse("upload_answer", args=[prediction.upload_id])).json()
    assert shown == alice_client.get(reverse("api:prediction", args=[prediction.pk]), headers=alice_token).json()


def test_the_json_of_an_earlier_prediction_is_its_own(alice, alice_client, model):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="auto")
    alice_client.post(reverse("upload_read_again", args=[first.upload_id]), {"mode": "digit"})
    page = alice_client.get(reverse("upload_detail", args=[first.upload_id]), {"answer": str(first.pk)})
    assert alice_client.get(page.context["json_url"]).json()["id"] == str(first.pk)


def test_bars_of_unlikely_digits_are_folded(alice_client, add_prediction):
    page = page_of(alice_client, add_prediction("7", confidence=0.98))
    likely, folded = page.split("How the digit was read")[1].split("<details>")[:2]
    assert likely.count('<th scope="row">') == 1
    assert folded.count('<th scope="row">') == 9


def test_a_corrected_digit_links_to_its_reasons_in_sight(alice, alice_client, add_prediction):
    prediction = add_prediction("1905")
    links = [f'<p class="small"><a href="{reverse("why", args=[glyph.pk])}">' for glyph in prediction.glyphs.all()]
    assert not any(link in page_of(alice_client, prediction) for link in links)
    corrections.correct(prediction=prediction, by=alice, kind="correct", text="1405")
    page = page_of(alice_client, prediction)
    assert [position for position, link in enumerate(links) if link in page] == [1]


def test_of_a_long_number_the_least_certain_digits_are_open(alice_client, add_prediction):
    number = add_prediction("0123456789", decision="unsure")
    Glyph.objects.filter(prediction=number, position__gte=4).update(confidence=0.3)
    context = alice_client.get(reverse("upload_detail", args=[number.upload_id])).context
    assert [card.glyph.position for card in context["cards"]] == [4, 5, 6, 7, 8, 9]
    assert [card.glyph.position for card in context["other_cards"]] == [0, 1, 2, 3]


def test_of_many_lines_the_digits_of_those_that_are_not_sure_are_open(alice_client, alice, model):
    reading = make_reading("123\n456\n78", decision="unsure")
    first, second, third = reading.lines
    lines = (replace(first, decision="read"), second, replace(third, decision="read"))
    prediction = store_reading(replace(reading, lines=lines), owner=alice)
    Glyph.objects.filter(prediction=prediction, position__lt=3).update(confidence=0.3)
    answer = alice_client.get(reverse("upload_detail", args=[prediction.upload_id]))
    assert [card.glyph.position for card in answer.context["cards"]] == [3, 4, 5]
    assert "The digits of line 2" in answer.content.decode()


def test_the_page_can_copy_the_written_form(alice_client, alice, model):
    prediction = store_reading(make_reading("-12.50\n7"), owner=alice)
    assert 'data-copy="-12.50\n7"' in page_of(alice_client, prediction)


def test_an_unsure_answer_names_the_threshold_in_force(alice_client, alice, model):
    prediction = create_prediction(owner=alice, data=digit_png(), source="upload")
    Stream.objects.filter(pk=prediction.stream_id).update(threshold=1.01)
    prediction = create_prediction(owner=alice, data=digit_png(), source="upload")
    answer = alice_client.get(reverse("upload_detail", args=[prediction.upload_id]))
    assert answer.context["sure_from"] == 1.01


def test_the_page_says_from_which_confidence_an_answer_is_sure_and_who_sets_it(alice_client, alice, model):
    prediction = create_prediction(owner=alice, data=digit_png(), source="upload")
    limit = sure_from(prediction.written, prediction.mode, model.card["thresholds"])
    page = page_of(alice_client, prediction)
    assert f"sure from a confidence of {percent_up(limit)}, if nothing else" in page
    assert "The model sets this limit." in page
    Stream.objects.filter(pk=prediction.stream_id).update(threshold=0.985)
    page = page_of(alice_client, prediction)
    assert "sure from a confidence of 98.5\N{NO-BREAK SPACE}%" in page
    assert "The target that you chose for the error rate sets this limit." in page


def test_a_line_that_is_not_sure_is_marked_until_it_is_corrected(alice_client, alice, model):
    reading = make_reading("12\n345", decision="unsure")
    lines = (replace(reading.lines[0], decision="read"), reading.lines[1])
    prediction = store_reading(replace(reading, lines=lines), owner=alice)

    page = page_of(alice_client, prediction)
    assert page.count('<rect class="is-unsure"') == 2  # the third digit of the line is marked as the least certain
    assert page.count("Line 2 is not sure") == 1  # above its cells
    assert "All lines together:" in page
    assert "Correct the numbers" in page
    assert page.count(reverse("upload_picture", args=[prediction.upload_id])) == 2  # shown, and enlarged by a link
    assert "Line 1 is not sure" not in page
    assert page.count('is-unsure" data-card') == 2
    assert "The digits of line 2" in page
    assert "Line 2: the writing is not clear." in page
    assert "Line 1:" not in page
    assert "Digit 2, line 1" in page
    assert "Digit 3, line 2" in page

    corrections.correct(prediction=prediction, by=alice, kind="confirm")
    page = page_of(alice_client, prediction)
    assert "is-unsure" not in page
    assert "not sure" not in page
    assert "Digit 3, line 2" in page


def test_only_a_number_with_signs_or_lines_is_corrected_as_one(alice_client, alice, model):
    assert "Number with signs" not in page_of(alice_client, store_reading(make_reading("1905"), owner=alice))
    for written in ("-12.5", "12\n34"):
        assert "Number with signs" in page_of(alice_client, store_reading(make_reading(written), owner=alice))


def test_the_original_is_downloaded_under_the_name_of_its_file(alice_client, alice, model):
    prediction = create_prediction(owner=alice, data=digit_png(7), name="meter 12.html", source="upload", mode="digit")
    response = alice_client.get(reverse("upload_original", args=[prediction.upload_id]))
    assert response["Content-Disposition"] == 'attachment; filename="meter 12.png"'
