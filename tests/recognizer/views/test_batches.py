"""Pages of batches: progress, names and polling."""

import re
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from recognizer.models import Batch, Correction
from recognizer.services.batches import intake
from recognizer.services.history.corrections import correct

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(alice, add_prediction):
    seven = add_prediction("7", name="seven.png")
    batch = intake.create_batch(owner=alice, name="holiday.zip")
    batch.items.create(position=0, name="inside/seven.png", state="done", upload=seven.upload)
    batch.items.create(position=1, name="notes.txt", state="failed", error_code="unsupported_format")
    batch.items.create(position=2, name="waiting.png", state="waiting")
    return batch


def test_the_list_shows_the_progress_of_each_batch(alice_client, batch):
    assert "1 of 3" in alice_client.get(reverse("batches")).content.decode()


def test_the_list_tells_what_is_to_do_next(alice_client, alice, batch, add_prediction):
    review = reverse("review") + f"?batch={batch.pk}"
    page = alice_client.get(reverse("batches")).content.decode()
    assert review not in page
    assert reverse("batch_detail", args=[batch.pk]) + "?shown=failed" in page
    unsure = add_prediction("4", decision="unsure", name="four.png")
    batch.items.create(position=3, name="four.png", state="done", upload=unsure.upload)
    page = alice_client.get(reverse("batches")).content.decode()
    assert review in page and "Review 1 unsure" in page
    correct(prediction=unsure, by=alice, kind="confirm")
    assert review not in alice_client.get(reverse("batches")).content.decode()


def test_the_bar_tells_failed_files_from_those_that_were_read(alice_client, batch):
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert 'class="bar-failed" width="66.7"' in page
    assert 'class="bar-done" width="33.3"' in page


def test_a_search_without_results_names_the_text_and_the_way_back(alice_client, batch):
    page = alice_client.get(reverse("batch_detail", args=[batch.pk]), {"q": "no-such-name"}).content.decode()
    assert "No file of this batch matches “no-such-name”." in page
    assert page.count("Show all files") == 1


def test_a_batch_without_a_name_is_named_by_its_time(alice, alice_client):
    created_at = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    Batch.objects.create(owner=alice, created_at=created_at)
    alice_client.cookies["time_zone"] = "Europe/Berlin"
    assert "Batch of 4 Nov 2026, 00:30" in alice_client.get(reverse("batches")).content.decode()


def test_items_show_their_file_names(alice_client, batch):
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert "inside/seven.png" in page


def test_no_text_of_a_row_is_markup(alice_client, batch):
    name = """<b>"'{0}%(name)s%s.png"""
    batch.items.update(name=name)
    batch.items.create(position=3, name=name, state="failed", error_code="corrupt_image", page=3)
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    failed, answered, *others = re.findall("<tr id.*?</tr>", page, flags=re.S)
    shown = "&lt;b&gt;&quot;&#x27;{0}%(name)s%s.png"
    assert all(f">{shown}<" in row and "<b>" not in row for row in (answered, *others))
    assert f'aria-label="Number in {shown}"' in answered and f">Select {shown}<" in answered
    assert f'>{shown} <span class="small muted">page 3</span>' in failed


def test_a_file_whose_name_has_no_printable_character_is_a_link_with_a_text(alice_client, batch):
    batch.items.update(name="")
    page = alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    assert page.count(">without a name<") == 3 and 'aria-label="Number in without a name"' in page


def test_the_page_polls_only_while_items_wait(alice_client, batch):
    assert "hx-trigger" in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()
    batch.items.filter(state="waiting").delete()  # the batch is still open for more files
    assert "hx-trigger" not in alice_client.get(reverse("batch_detail", args=[batch.pk])).content.decode()


def page_of(client, batch, **query):
    response = client.get(reverse("batch_detail", args=[batch.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def number_fields(batch, **changes):
    """Return what the form of the table sends for the seven, with other values where a number was typed."""
    key = batch.items.get(name="inside/seven.png").upload_id
    return {f"was-{key}": "7", f"number-{key}": "7"} | {f"{name}-{key}": value for name, value in changes.items()}


def test_a_number_typed_into_the_table_is_saved(alice_client, batch):
    answer = alice_client.post(
        reverse("batch_correct", args=[batch.pk]), number_fields(batch, number="0042") | {"query": "q=seven"}
    )
    assert answer["Location"] == f"{reverse('batch_detail', args=[batch.pk])}?q=seven"
    page = page_of(alice_client, batch)
    assert 'value="0042"' in page and "corrected" in page and "Saved for 1 picture." in page


def test_numbers_that_were_not_changed_are_not_saved(alice, alice_client, batch):
    prediction = batch.items.get(name="inside/seven.png").upload.predictions.get()
    correct(prediction=prediction, by=alice, kind="correct", text="1")  # in another tab
    alice_client.post(reverse("batch_correct", args=[batch.pk]), number_fields(batch))
    assert [row.text for row in prediction.corrections.all()] == ["1"]


def test_a_script_gets_the_saved_row(alice_client, batch):
    url, headers = reverse("batch_correct", args=[batch.pk]), {"HX-Request": "true"}
    row = alice_client.post(url, number_fields(batch, number="0042"), headers=headers).content.decode()
    assert row.lstrip().startswith("<tr") and 'value="0042"' in row and "Saved" in row


def test_a_number_is_confirmed_once(alice_client, batch):
    key = batch.items.get(name="inside/seven.png").upload_id
    for _ in range(2):
        answer = alice_client.post(
            reverse("batch_correct", args=[batch.pk]), {"confirm": str(key)}, headers={"HX-Request": "true"}
        )
    assert "confirmed" in answer.content.decode()
    assert [row.kind for row in Correction.objects.all()] == ["confirm"]


def test_a_number_that_is_none_is_refused_and_stays_in_its_field(alice_client, batch):
    url = reverse("batch_correct", args=[batch.pk])
    page = alice_client.post(url, number_fields(batch, number="8x"))
    assert page.status_code == 400
    assert 'value="8x"' in page.content.decode() and "inside/seven.png: Use only" in page.content.decode()
    accept = {"HX-Request": "true", "Accept": "application/problem+json, text/html;q=0.9"}
    assert "Use only" in alice_client.post(url, number_fields(batch, number="8x"), headers=accept).json()["detail"]
    assert not Correction.objects.exists()


@pytest.mark.parametrize("fields", [{"number-x": "1"}, {"confirm": "x"}, {f"number-{n}": "1" for n in range(101)}])
def test_forged_numbers_are_refused(alice_client, batch, fields):
    assert alice_client.post(reverse("batch_correct", args=[batch.pk]), fields).status_code == 400


def test_name_and_note_are_edited(alice_client, batch):
    url = reverse("batch_edit", args=[batch.pk])
    alice_client.post(url, {"name": " May\n<b>2026</b>\u202e ", "note": "Cellar\nleft"})
    page = page_of(alice_client, batch)
    assert '<h1 class="wraps">May &lt;b&gt;2026&lt;/b&gt;</h1>' in page
    assert "Cellar<br>left" in page


def test_a_name_that_is_too_long_is_refused(alice_client, batch):
    answer = alice_client.post(reverse("batch_edit", args=[batch.pk]), {"name": "x" * 201, "note": "kept"})
    assert answer.status_code == 400 and "at most 200" in answer.content.decode()
    assert "holiday.zip" in answer.content.decode() and "kept" in answer.content.decode()


def test_unsure_files_lead_to_their_review(alice, alice_client, batch, add_prediction):
    add_prediction("1", decision="unsure", confidence=0.1)  # of no batch
    unsure = add_prediction("4", decision="unsure", confidence=0.4)
    batch.items.create(position=3, name="four.png", state="done", upload=unsure.upload)
    assert "1 unsure: review it" in page_of(alice_client, batch)
    queue = alice_client.get(reverse("review"), {"batch": batch.pk})
    assert queue.context["prediction"] == unsure and queue.context["left_count"] == 1
    after = alice_client.post(
        reverse("review_correct", args=[unsure.upload_id]), {"action": "confirm", "batch": batch.pk}
    )
    assert after.context.get("prediction") is None and "Back to the batch" in after.content.decode()
    assert "unsure: review" not in page_of(alice_client, batch)


def test_a_batch_that_is_read_says_whether_unsure_answers_are_left(alice, alice_client, add_prediction):
    batch = Batch.objects.create(owner=alice)
    for position, decision in enumerate(("read", "unsure")):
        upload = add_prediction("4", decision=decision).upload
        batch.items.create(position=position, name="four.png", state="done", upload=upload)
        is_sure = decision == "read"
        assert ("No unsure answer is left." in page_of(alice_client, batch)) == is_sure


def test_the_queue_of_another_person_s_batch_does_not_exist(bob_client, batch):
    assert bob_client.get(reverse("review"), {"batch": batch.pk}).status_code == 404


def test_the_table_keeps_its_filter_while_it_is_sorted_and_paged(alice_client, batch):
    page = page_of(alice_client, batch, q="seven", shown="read", ordering="certainty")
    assert 'href="?q=seven&amp;shown=read&amp;ordering=-certainty"' in page
    assert 'aria-sort="ascending"' in page
    assert '<option value="certainty" selected>Least certain first</option>' in page  # phones show no column headers
    assert "notes.txt" not in page


@pytest.mark.parametrize("query", [{"ordering": "owner__password"}, {"shown": "x"}, {"q": "x" * 101}])
def test_an_unknown_order_or_filter_is_refused(alice_client, batch, query):
    assert alice_client.get(reverse("batch_detail", args=[batch.pk]), query).status_code == 400
