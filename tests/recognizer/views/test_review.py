"""The review queue: texts, counts, and the position that its forms carry along."""

import re
from uuid import UUID

import pytest
from django.urls import reverse

from recognizer.models import Glyph, Prediction, Stream
from recognizer.services.batches import intake
from recognizer.services.history import corrections
from recognizer.services.reading.presets import create_preset
from recognizer.views import review
from tests.readings import make_reading, store_reading

HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.django_db


def test_keyboard_shortcuts_are_listed_only_with_a_picture(alice_client, add_prediction):
    assert "<kbd>" not in alice_client.get(reverse("review")).content.decode()
    add_prediction("4", decision="unsure")
    assert "<kbd>Enter</kbd>" in alice_client.get(reverse("review")).content.decode()


def test_without_any_answer_the_only_step_is_to_read_a_picture(alice_client, add_prediction):
    page = alice_client.get(reverse("review")).content.decode()
    assert "Nothing to review yet." in page
    assert "Review sure pictures, too" not in page
    add_prediction("4")
    page = alice_client.get(reverse("review")).content.decode()
    assert page.index("Read a picture") < page.index("Review sure pictures, too")


def test_sure_predictions_are_not_counted_as_unsure(alice_client, add_prediction):
    add_prediction("4")
    page = alice_client.get(reverse("review") + "?all").content.decode()
    assert "Nothing is left to review. The other pictures follow" in page
    assert "0 pictures" not in page


def test_every_form_carries_the_queue_position(alice_client, add_prediction):
    skipped, first, second = add_prediction("1"), add_prediction("22"), add_prediction("3")
    position = {"all": "1", "skip": str(skipped.upload_id)}
    url = reverse("review_correct", args=[first.upload_id])
    page = alice_client.post(url, {"action": "confirm", **position}, headers=HTMX)
    assert page.context["prediction"] == second
    forms = re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL)
    assert len(forms) == 5  # number, box, new box, skip, undo
    for form in forms:
        assert '<input type="hidden" name="all" value="1">' in form
        assert f'<input type="hidden" name="skip" value="{skipped.upload_id}">' in form


def test_a_number_stays_in_the_queue_until_it_is_confirmed(alice_client, add_prediction):
    number = add_prediction("12", decision="unsure")
    url = reverse("review_correct", args=[number.upload_id])
    page = alice_client.post(url, {"action": "labels", "label": ["1", "3"]}, headers=HTMX)
    assert "1 picture left." in page.content.decode()
    page = alice_client.post(url, {"action": "confirm"}, headers=HTMX)
    assert "Nothing is left to review." in page.content.decode()


def test_a_number_in_the_queue_shows_its_current_correction(alice_client, add_prediction):
    number = add_prediction("12", decision="unsure")
    url = reverse("review_correct", args=[number.upload_id])
    page = alice_client.post(url, {"action": "labels", "label": ["1", "3"]}, headers=HTMX)
    assert page.context["current_written"] == "13"
    assert "Corrected to <strong>13</strong>" in page.content.decode()
    page = alice_client.post(url, {"action": "labels", "label": ["1", "2"]}, headers=HTMX)
    assert "Confirmed" in page.content.decode()
    assert "Corrected to" not in page.content.decode()


def test_the_previous_correction_can_be_undone_after_skipping(alice_client, add_prediction):
    first, second, _ = (add_prediction(text, decision="unsure", confidence=int(text) / 10) for text in "123")
    url = reverse("review_correct", args=[first.upload_id])
    page = alice_client.post(url, {"action": "confirm"}, headers=HTMX).content.decode()
    (skip,) = re.findall(r'<form method="get".*?</form>', page, re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', skip)
    assert dict(fields) == {"skip": str(second.upload_id), "previous": str(first.upload_id), "done": "1"}
    page = alice_client.get(reverse("review"), dict(fields), headers=HTMX)
    assert page.context["previous"] == first
    assert f'action="{url}"' in page.content.decode()
    assert alice_client.get(reverse("review"), {"previous": "rubbish"}).status_code == 400


def test_a_long_queue_shows_more_than_the_maximum_count(alice_client, add_prediction, monkeypatch):
    monkeypatch.setattr(review, "MAX_COUNTED", 2)
    for text in "12":
        add_prediction(text, decision="unsure")
    assert "More than" not in alice_client.get(reverse("review")).content.decode()
    add_prediction("3", decision="unsure")
    assert "More than 2 pictures left." in alice_client.get(reverse("review")).content.decode()


def test_the_button_shows_its_key_only_for_a_single_box(alice_client, add_prediction):
    add_prediction("1", decision="unsure", confidence=0.2)
    number = add_prediction("12", decision="unsure", confidence=0.3)
    button = "No digit <kbd>N</kbd>"
    assert button in alice_client.get(reverse("review")).content.decode()
    page = alice_client.get(reverse("upload_detail", args=[number.upload_id])).content.decode()
    assert "No digit</button>" in page
    assert button not in page  # there the key empties a cell


def test_an_audited_sure_answer_looks_like_an_unsure_one(alice, alice_client, model, settings):
    settings.AUDITED_SHARE = 1.0
    pages = []
    for decision, confidence in (("read", 0.999), ("unsure", 0.7)):
        prediction = store_reading(
            make_reading("1905", decision=decision, confidence=confidence, doubtful=2), owner=alice, mode="auto"
        )
        page = alice_client.get(reverse("review")).content.decode()
        assert prediction.decision == decision
        keys = [prediction.upload_id, *prediction.glyphs.values_list("pk", flat=True)]
        pages.append(plain_text(page, keys))
        corrections.correct(prediction=prediction, by=alice, kind="confirm")
    assert pages[0] == pages[1]


def test_the_page_says_how_many_of_the_answers_were_chosen_at_random(alice, alice_client, model, settings):
    unsure = [store_reading(make_reading(f"1{n}", decision="unsure"), owner=alice, mode="auto") for n in range(2)]
    settings.AUDITED_SHARE = 1.0
    store_reading(make_reading("1905", confidence=0.999), owner=alice, mode="auto")
    page = alice_client.get(reverse("review")).content.decode()
    assert "3 pictures left." in page
    assert "At the start: 2 unsure answers, 1 other that was chosen at random to be checked" in page
    assert "Only they tell how often sure answers are wrong." in page
    later = alice_client.get(reverse("review"), {"done": "1"}).content.decode()
    assert "Why sure answers may be among them" in later and "2 unsure answers" not in later
    for each in unsure:  # counts of a single kind would tell what the shown answer is
        corrections.correct(prediction=each, by=alice, kind="confirm")
    page = alice_client.get(reverse("review")).content.decode()
    assert "1 picture left." in page and "chosen at random to be checked</summary>" not in page


def test_the_page_counts_what_was_put_into_review(alice, alice_client, model):
    store_reading(make_reading("11", decision="unsure"), owner=alice, mode="auto")
    sure = store_reading(make_reading("12"), owner=alice, mode="auto")
    Stream.objects.update(review_from=sure.created_at, review_until=sure.created_at)
    page = alice_client.get(reverse("review")).content.decode()
    assert "At the start: 1 unsure answer, 1 sure answer that you put into review" in page


def plain_text(page: str, keys: list[UUID]) -> str:
    """Return the page without what differs between any two pictures."""
    for key in keys:
        page = page.replace(str(key), "")
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)


def test_the_queue_is_filtered_by_reason_batch_and_model(alice, alice_client, add_prediction, model):
    unclear = add_prediction("1", decision="unsure", confidence=0.3)
    lines = add_prediction("2", decision="unsure", confidence=0.4)
    Prediction.objects.filter(pk=lines.pk).update(reason="several_lines")
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="1.png", state="done", upload=lines.upload)
    for query, shown in (
        ("", unclear),
        ("?reason=uncertain", unclear),
        ("?reason=several_lines", lines),
        (f"?batch={batch.pk}", lines),
        (f"?model={model.version}", unclear),
        ("?model=another", None),
        ("?reason=unread_ink", None),
    ):
        page = alice_client.get(reverse("review") + query)
        assert page.context.get("prediction") == shown, query


def test_the_filters_stay_until_the_queue_is_empty(alice_client, add_prediction):
    first, second = (add_prediction(text, decision="unsure", confidence=int(text) / 10) for text in "12")
    other = add_prediction("3", decision="unsure", confidence=0.1)
    Prediction.objects.filter(pk=other.pk).update(reason="several_lines")
    page = alice_client.post(
        reverse("review_correct", args=[first.upload_id]), {"action": "confirm", "reason": "uncertain"}, headers=HTMX
    )
    assert page.context["prediction"] == second
    for form in re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL):
        assert '<input type="hidden" name="reason" value="uncertain">' in form


def test_links_from_the_end_of_the_queue_keep_its_filters(alice_client, add_prediction):
    skipped = add_prediction("1", decision="unsure")
    limits = {"reason": "uncertain", "preset": "Water & gas"}
    page = alice_client.get(reverse("review"), {**limits, "skip": skipped.upload_id}).content.decode()
    kept = "reason=uncertain&amp;preset=Water+%26+gas"
    assert f'href="/review/?{kept}">Review skipped pictures' in page
    assert f'href="/review/?all=1&amp;{kept}">Review sure pictures, too' in page


@pytest.mark.parametrize("query", ["reason=dance", "batch=x", "model=%00", "done=x", "done=-1"])
def test_an_invalid_filter_gets_an_error(alice_client, model, query):
    assert alice_client.get(reverse("review") + "?" + query).status_code == 400


def test_the_filters_offer_own_presets_and_all_models(alice, bob, alice_client, model):
    create_preset(owner=alice, name="Water meter", fields={"digits": "4"})
    create_preset(owner=bob, name="Gas meter", fields={"digits": "5"})
    context = alice_client.get(reverse("review")).context
    assert (context["presets"], context["models"]) == (["Water meter"], [model.version])


def test_the_page_shows_progress_and_the_doubtful_digit(alice_client, add_prediction):
    number = add_prediction("12", decision="unsure", confidence=0.3)
    Glyph.objects.filter(prediction=number, position=1).update(confidence=0.2)
    add_prediction("3", decision="unsure", confidence=0.4)
    text = alice_client.get(reverse("review"), {"done": "4"}).content.decode()
    assert "Digit 2 is the least certain." in text
    assert "4 reviewed" in text
    assert '<progress max="6" value="4"' in text


def test_undoing_takes_back_a_step_of_the_progress(alice_client, add_prediction):
    first, _second = (add_prediction(text, decision="unsure", confidence=int(text) / 10) for text in "12")
    url = reverse("review_correct", args=[first.upload_id])
    page = alice_client.post(url, {"action": "confirm"}, headers=HTMX)
    assert page.context["done"] == 1
    (undo,) = (form for form in re.findall(r"<form.*?</form>", page.content.decode(), re.DOTALL) if url in form)
    fields = dict(re.findall(r'<input type="hidden" name="(done|previous)" value="([^"]+)">', undo))
    assert alice_client.post(url, {"action": "undo", **fields}, headers=HTMX).context["done"] == 0


def test_undoing_a_correction_of_the_picture_that_is_shown_leaves_the_progress(alice_client, add_prediction):
    first, number = (add_prediction(text, decision="unsure", confidence=int(text) / 100) for text in ("1", "23"))
    confirm, correct = (reverse("review_correct", args=[each.upload_id]) for each in (first, number))
    assert alice_client.post(confirm, {"action": "confirm"}, headers=HTMX).context["prediction"] == number
    partly = {"action": "labels", "label": ["2", "4"], "done": "1"}
    assert alice_client.post(correct, partly, headers=HTMX).context["done"] == 1
    assert alice_client.post(correct, {"action": "undo", "done": "1"}, headers=HTMX).context["done"] == 1


def test_the_strip_shows_what_comes_next_without_links(alice_client, add_prediction):
    first, second, third = (add_prediction(text, decision="unsure", confidence=int(text) / 10) for text in "123")
    page = alice_client.get(reverse("review"))
    assert page.context["prediction"] == first
    strip = re.search(r'<div class="following">.*?</div>', page.content.decode(), re.DOTALL)[0]
    assert re.findall(r"/uploads/([0-9a-f-]+)/", strip) == [str(second.upload_id), str(third.upload_id)]
    assert "href" not in strip
    url = reverse("review_correct", args=[first.upload_id])
    stays = alice_client.post(url, {"action": "undo"}, headers=HTMX)  # refused: there is nothing to undo
    assert [each.pk for each in stays.context["following"]] == [second.pk, third.pk]
    url = reverse("review_correct", args=[third.upload_id])
    last = alice_client.post(url, {"action": "confirm", "skip": [str(first.upload_id)]}, headers=HTMX)
    assert last.context["prediction"] == second
    assert "following" not in last.content.decode()


def test_the_queue_can_be_limited_to_a_batch_of_the_own_ones(alice, bob, alice_client, add_prediction):
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    intake.create_batch(owner=bob, name="secret.zip")
    batch.items.create(position=0, name="1.png", state="done", upload=add_prediction("1", decision="unsure").upload)
    page = alice_client.get(reverse("review")).content.decode()
    assert f'<option value="{batch.pk}">holiday.zip</option>' in page
    assert "secret.zip" not in page
    page = alice_client.get(reverse("review"), {"batch": batch.pk}).content.decode()
    assert f'<option value="{batch.pk}" selected>holiday.zip</option>' in page
