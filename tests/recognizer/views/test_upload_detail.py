"""The page of one picture: the answer, what the network saw, what can be done."""

import pytest
from django.urls import reverse

from recognizer.models import Correction, Job, Prediction
from recognizer.services.history import corrections
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.work.worker_state import say_alive
from tests.pictures import digit_png

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def page_of(client, prediction, name="upload_detail") -> str:
    answer = client.get(reverse(name, args=[prediction.upload_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_the_answer_how_sure_it_is_and_ten_probabilities(alice_client, given):
    page = page_of(alice_client, given("7", confidence=0.973))
    assert "Sure" in page
    assert page.count("97.3 %") >= 2  # of the answer and of its digit
    assert page.count('<th scope="row">') == 10


@pytest.mark.parametrize(
    ("confidence", "figure"), [(0.9999, "99.9 %"), (1.0, "100 %"), (0.0004, "&lt; 0.1 %"), (0.5, "50.0 %")]
)
def test_figures_are_never_rounded_up_to_certainty(alice_client, given, confidence, figure):
    assert figure in page_of(alice_client, given("7", confidence=confidence))


def test_boxes_lie_over_the_picture(alice_client, given):
    assert page_of(alice_client, given("1905")).count("<rect x=") == 4


@pytest.mark.parametrize(("reason", "words"), [("no_ink", "No writing was found"), ("", "Nothing in the picture")])
def test_a_rejection_says_why(alice_client, given, reason, words):
    prediction = given("")
    Prediction.objects.filter(pk=prediction.pk).update(reason=reason)
    assert words in page_of(alice_client, prediction)


def test_maps_that_are_drawn_soon_are_asked_for_again(alice, alice_client, model, redis_server):
    say_alive()
    prediction = create_prediction(owner=alice, data=digit_png(7), source="upload", draw_maps=True)
    maps = page_of(alice_client, prediction, "upload_maps")
    assert "are being drawn" in maps
    assert 'hx-trigger="every 700ms"' in maps


def test_a_worker_that_is_away_is_said_in_words(alice, alice_client, model):
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


def test_maps_are_asked_for_on_the_first_view(alice, alice_client, model):
    prediction = create_prediction(owner=alice, data=digit_png(7), source="api")
    assert not Job.objects.exists()
    page_of(alice_client, prediction)
    page_of(alice_client, prediction)
    assert Job.objects.count() == 1


def test_the_page_outlives_its_model(alice_client, given):
    prediction = given("7")
    prediction.model.__class__.objects.update(digest="0" * 64)
    page = page_of(alice_client, prediction)
    assert "Sure" in page
    assert "the files of the model that read this picture are missing" in page


def test_what_is_no_digit_has_boxes_without_digits(alice, alice_client, given):
    prediction = given("12")
    # As said before the picture was read again, when nothing had been found in it.
    Correction.objects.create(upload=prediction.upload, prediction=prediction, by=alice, kind="not_a_digit")
    page = alice_client.get(reverse("upload_detail", args=[prediction.upload_id]))
    assert [place["label"] for place in page.context["boxes"]] == ["", ""]


def test_it_is_read_again_in_another_mode_and_the_first_answer_stays(alice, alice_client, model):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="auto")
    alice_client.post(reverse("upload_read_again", args=[first.upload_id]), {"mode": "digit"})
    assert [p.mode for p in Prediction.objects.order_by("created_at")] == ["auto", "digit"]
    earlier = alice_client.get(reverse("upload_detail", args=[first.upload_id]), {"answer": str(first.pk)})
    assert earlier.context["prediction"] == first
    assert "All results for this picture" in earlier.content.decode()


def test_a_mode_that_does_not_exist_is_refused(alice, alice_client, given):
    answer = alice_client.post(reverse("upload_read_again", args=[given().upload_id]), {"mode": "letters"})
    assert answer.status_code == 400


@pytest.mark.parametrize("answer", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_earlier_answer_that_does_not_exist_is_not_found(alice_client, given, answer):
    page = alice_client.get(reverse("upload_detail", args=[given().upload_id]), {"answer": answer})
    assert page.status_code == 404


def test_what_is_said_of_an_earlier_answer_is_kept_with_it(alice, alice_client, model):
    first = create_prediction(owner=alice, data=digit_png(7), source="upload", mode="auto")
    alice_client.post(reverse("upload_read_again", args=[first.upload_id]), {"mode": "digit"})
    page = alice_client.get(reverse("upload_detail", args=[first.upload_id]), {"answer": str(first.pk)})
    alice_client.post(page.context["correct_url"], {"action": "confirm"})
    assert Correction.objects.get().prediction == first


def test_a_correction_by_script_answers_with_its_part_of_the_page(alice_client, given):
    url = reverse("upload_correct", args=[given("7").upload_id])
    answer = alice_client.post(url, {"action": "labels", "label": "1"}, headers=HTMX)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert page.lstrip().startswith("<title>1 · Digitscribe</title>")
    assert "<html" not in page
    assert "Corrected to <strong>1</strong>" in page
    assert '<span class="visually-hidden">1</span>' in page  # the headline is what is held to be true
    assert "Read as 7: " in page


def test_a_correction_by_a_plain_form_comes_back_to_the_page(alice_client, given):
    prediction = given("7")
    answer = alice_client.post(reverse("upload_correct", args=[prediction.upload_id]), {"action": "not_a_digit"})
    assert answer.url == reverse("upload_detail", args=[prediction.upload_id])


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "script"])
@pytest.mark.parametrize(
    "form",
    [
        {"action": "labels", "label": "x"},
        {"action": "labels", "label": ["1", "2"]},
        {"action": "text", "value": "seven"},
        {"action": "text", "value": ""},
        {"action": "text", "value": "7" * 101},
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
def test_a_correction_that_makes_no_sense_is_refused_in_words(alice_client, given, form, headers):
    answer = alice_client.post(reverse("upload_correct", args=[given("7").upload_id]), form, headers=headers)
    assert 400 <= answer.status_code < 500
    assert 'role="alert"' in answer.content.decode()
    assert not Correction.objects.exists()


def test_a_deleted_picture_is_gone_and_can_be_brought_back(alice_client, given):
    prediction = given("7")
    gone = alice_client.post(reverse("upload_delete", args=[prediction.upload_id]))
    assert alice_client.get(reverse("upload_detail", args=[prediction.upload_id])).status_code == 404
    page = alice_client.get(gone.url)
    alice_client.post(reverse("history_restore"), {"deleted": page.context["deleted"]})
    assert alice_client.get(reverse("upload_detail", args=[prediction.upload_id])).status_code == 200


def test_the_review_queue_begins_with_the_least_sure(alice, alice_client, given):
    given("1", decision="unsure", confidence=0.6)
    least = given("2", decision="unsure", confidence=0.3)
    given("3", confidence=0.1)  # sure, by its thresholds
    assert alice_client.get(reverse("review")).context["prediction"] == least
    corrections.correct(prediction=least, by=alice, kind="confirm")
    assert alice_client.get(reverse("review")).context["prediction"].text == "1"


def test_the_sure_ones_are_reviewed_only_if_wanted(alice_client, given):
    given("3")
    assert "prediction" not in alice_client.get(reverse("review")).context
    assert alice_client.get(reverse("review") + "?all").context["prediction"].text == "3"
