"""What is counted in indexes alone is what the pages show."""

from uuid import uuid4

import pytest

from recognizer.models import Batch, Prediction, Stream, Upload
from recognizer.queries import selectors
from recognizer.queries.counting import RowCount
from recognizer.queries.sure_answers import sure_answers_in
from recognizer.services.history.bulk_actions import delete_uploads
from recognizer.services.history.corrections import correct, undo
from recognizer.services.review.review_queue import count_to_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def unsure(alice, bob, add_prediction):
    """Return two unsure predictions that wait for review, among others of all kinds."""
    for name in ("corrected", "undone", "deleted", "removed", "superseded", "waiting"):
        add_prediction("1", name=name, decision="unsure")
    rows = {row.upload.name: row for row in Prediction.objects.select_related("upload")}
    add_prediction("2", name="sure")
    add_prediction("", name="rejected")
    add_prediction("3", owner=bob, decision="unsure")
    correct(prediction=rows["corrected"], by=alice, kind="correct", text="7")
    correct(prediction=rows["undone"], by=alice, kind="correct", text="7")
    undo(prediction=rows["undone"], by=alice)
    delete_uploads(alice, [rows["deleted"].upload_id])
    Upload.objects.filter(name="removed").update(original="")
    Prediction.objects.filter(pk=rows["superseded"].pk).update(is_current=False)
    return {rows["undone"].pk, rows["waiting"].pk}


def test_unsure_answers_are_those_of_the_review_queue(alice, unsure):
    queue = selectors.review_queue_for(alice).filter(decision="unsure")
    assert set(queue.values_list("pk", flat=True)) == unsure
    assert set(selectors.unsure_answers_for(alice).values_list("pk", flat=True)) == unsure
    assert count_to_review(alice, None, 5).unsure == 2
    assert count_to_review(alice, None, 0).unsure == 1


def test_unsure_items_are_those_of_the_owner(alice, bob, unsure):
    batch = Batch.objects.create(owner=alice)
    for position, key in enumerate(Upload.objects.values_list("pk", flat=True)):
        batch.items.create(position=position, name="a.png", state="done", upload_id=key)
    found = selectors.unsure_items_for(alice, [batch]).values_list("upload__predictions", flat=True)
    assert set(found) == unsure
    assert set(selectors.unsure_items_for(bob, [batch]).values_list("upload__owner", flat=True)) == {bob.pk}
    assert not selectors.unsure_items_for(alice, [Batch.objects.create(owner=alice)])


def test_a_subquery_without_rows_counts_none(alice):
    counts = Upload.objects.none().values("pk"), Upload.objects.filter(owner=alice).values("pk")
    found = type(alice).objects.filter(pk=alice.pk).values_list(*map(RowCount, counts)).get()
    assert found == (0, 0)


def test_sure_answers_are_summed_by_batch_and_stream(alice, bob, add_prediction):
    first, second, foreign = (Batch.objects.create(owner=owner) for owner in (alice, alice, bob))
    stream = Stream.objects.create(
        owner=alice, model=add_prediction("1").model, mode="digit", is_expected=False, key=str(uuid4()), share=0.2
    )
    rows = {
        "sure": add_prediction("1", confidence=0.9),
        "of a stream": add_prediction("1", confidence=0.75),
        "unsure": add_prediction("1", confidence=0.5, decision="unsure"),
        "deleted": add_prediction("1"),
        "superseded": add_prediction("1"),
        "of another batch": add_prediction("1", confidence=0.5),
    }
    for position, (name, row) in enumerate(rows.items()):
        batch = second if name == "of another batch" else first
        batch.items.create(position=position, name=name, state="done", upload=row.upload)
    foreign.items.create(position=0, name="b.png", state="done", upload=add_prediction("1", owner=bob).upload)
    Prediction.objects.filter(pk=rows["of a stream"].pk).update(stream=stream)
    Prediction.objects.filter(pk=rows["superseded"].pk).update(is_current=False)
    delete_uploads(alice, [rows["deleted"].upload_id])
    found = {(each.batch_id, each.stream_id): each for each in sure_answers_in(alice, [first, second, foreign])}
    assert {key: each.count for key, each in found.items()} == {
        (first.pk, None): 1,
        (first.pk, stream.pk): 1,
        (second.pk, None): 1,
    }
    assert found[first.pk, stream.pk].doubts == pytest.approx(0.25)
    assert found[second.pk, None].doubts == pytest.approx(0.5)
    assert list(sure_answers_in(alice, [])) == []
