"""The page "How good is it?": with no answers, with three and with many; its forms, and who may use them."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from recognizer.models import Audit, Batch, Correction, ModelVersion, Stream, Upload
from recognizer.services.history.corrections import correct
from recognizer.services.quality.promises import update_promises
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.space.purge import remove_uploads
from tests.pictures import digit_png
from tests.readings import make_reading, store_reading
from tests.recognizer.services.quality.conftest import add_checked
from tests.recognizer.views.test_queries import MAX_QUERIES

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(alice, model, settings) -> Stream:
    """Return a stream with three audited answers, of which the second was wrong and the third is not checked."""
    settings.AUDITED_SHARE = 1.0
    answers = [store_reading(make_reading(f"190{n}"), owner=alice, mode="number") for n in range(3)]
    correct(prediction=answers[0], by=alice, kind="confirm")
    correct(prediction=answers[1], by=alice, kind="correct", text="1907")
    return answers[0].stream


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_without_answers_the_page_says_so(alice_client):
    assert "No answers yet" in text_of(alice_client.get(reverse("quality")))


def test_each_stream_is_listed_with_its_estimate(alice_client, stream):
    text = text_of(alice_client.get(reverse("quality")))
    assert "A number" in text
    assert "1 of 2 checked answers were wrong. In the long run it is probably between 9.5 % and 90.5 %." in text
    assert "No target is set." in text


def test_a_stream_that_nobody_checked_has_no_estimate(alice_client, alice, model):
    row = store_reading(make_reading("12"), owner=alice)
    page = text_of(alice_client.get(reverse("quality_stream", args=[row.stream_id])))
    assert "Not known yet" in page
    assert "No answer was checked yet." in page


def test_figures_that_wait_for_an_earlier_answer_say_how_far_the_round_is(alice, alice_client, stream):
    first = Audit.objects.earliest("chosen_at")
    Audit.objects.filter(pk=first.pk).update(is_right=None)
    Correction.objects.filter(prediction=first.prediction_id).delete()
    Audit.objects.filter(is_right=None).exclude(pk=first.pk).update(is_right=True)
    assert "2 of 3 checked" in text_of(alice_client.get(reverse("quality")))
    page = reverse("quality_stream", args=[stream.pk])
    text = text_of(alice_client.get(page))
    assert "Checked: 2 of 3 answers that were chosen at random. The figures follow when all are checked." in text
    assert "Not known yet" in text and "Checked 2" in text
    assert "None of the sure answers has been checked" not in text and "No answer was checked yet" not in text
    correct(prediction=first.prediction, by=alice, kind="confirm")
    text = text_of(alice_client.get(page))
    assert "1 of 3 checked answers were wrong." in text and "Checked 3" in text
    store_reading(make_reading("19", decision="unsure", confidence=0.9), owner=alice, mode="number")
    text = text_of(alice_client.get(page))
    assert "1 answer that was chosen at random waits to be checked. Waiting: 0 sure, 1 unsure." in text


def test_answers_of_a_replaced_model_are_not_offered_to_be_checked(alice_client, stream, model):
    assert "waits to be checked" in text_of(alice_client.get(reverse("quality")))
    ModelVersion.objects.update(state="retired")
    assert "waits to be checked" not in text_of(alice_client.get(reverse("quality")))
    first = Audit.objects.earliest("chosen_at")
    Audit.objects.filter(pk=first.pk).update(is_right=None)
    page = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "1 checked answer does not count: others that were chosen before it were not checked" in page


def test_where_no_answer_is_sure_the_page_promises_none_to_check(alice_client, alice, model):
    store_reading(make_reading("12", decision="unsure"), owner=alice)
    page = text_of(alice_client.get(reverse("quality")))
    assert "No answer has been sure yet" in page
    assert "Go to the review" not in page


def test_where_none_is_to_be_checked_the_review_comes_before_a_target(alice_client, alice, model, settings):
    settings.AUDITED_SHARE = 0.0
    store_reading(make_reading("12"), owner=alice)
    page = text_of(alice_client.get(reverse("quality")))
    assert "Go to the review" not in page
    assert "1 1 Set a target" in page
    store_reading(make_reading("12", decision="unsure", confidence=0.4), owner=alice)
    page = text_of(alice_client.get(reverse("quality")))
    assert "Go to the review Set a target" in page


def test_where_some_are_to_be_checked_the_review_comes_before_a_target(alice_client, alice, model, settings):
    settings.AUDITED_SHARE = 1.0
    store_reading(make_reading("12"), owner=alice)
    page = alice_client.get(reverse("quality"))
    assert "Go to the review 1 to check Set a target" in text_of(page)
    assert page.content.decode().count("button-main") == 1


def test_the_page_says_what_each_promise_costs_before_one_is_wished(alice_client, alice, model):
    row = store_reading(make_reading("12"), owner=alice)
    page = text_of(alice_client.get(reverse("quality_stream", args=[row.stream_id])))
    assert "At most 2 % About 190 answers to check, chosen from the next 950." in page
    assert "At most 0.5 % About 759 answers to check, chosen from the next 3,795." in page


def test_the_notice_of_a_promise_names_its_certainty(alice_client, stream):
    Audit.objects.update(is_right=True)
    add_checked(stream, [(0.999, True)] * 190)
    alice_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": "0.02"})
    text = text_of(alice_client.get(reverse("notices")))
    assert "a number: with 95 percent certainty, at most 2.0 % of the answers that are called sure are wrong." in text


def test_a_wish_that_the_checked_answers_prove_already_costs_nothing(alice_client, stream):
    Audit.objects.update(is_right=True)
    add_checked(stream, [(0.999, True)] * 190)
    page = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "At most 2 % The answers that are checked already are enough." in page
    assert "At most 1 % About" in page


def test_where_no_target_is_within_reach_the_page_says_why_and_what_to_do_and_offers_no_form(alice_client, stream):
    Audit.objects.filter(is_right=None).update(is_right=True)
    add_checked(stream, [(0.999, True)] * 40 + [(0.999, False)] * 10)
    page = alice_client.get(reverse("quality_stream", args=[stream.pk]))
    assert reverse("quality_wish", args=[stream.pk]) not in page.content.decode()
    text = text_of(page)
    assert "Promised error rate No target is within reach now. 11 of 53 checked answers were wrong." in text
    assert text.index("What you can do") < text.index("The range at the top") < text.index("Confidence of checked")
    assert "that at most 0.5 %, 1 % or 2 % of the sure answers are wrong" in text
    assert "Look at the errors once more." in text
    assert "Describe the numbers in a preset." in text


def test_a_target_that_is_out_of_reach_is_named_but_not_offered(alice_client, stream):
    Audit.objects.update(is_right=True)
    add_checked(stream, [(0.999, True)] * 150 + [(0.999, False)] * 1)
    page = alice_client.get(reverse("quality_stream", args=[stream.pk]))
    assert 'value="0.02"' in page.content.decode()
    assert 'value="0.005"' not in page.content.decode()
    assert "At most 0.5 % is out of reach" in text_of(page)


def test_a_chosen_target_can_be_given_up_where_it_is_out_of_reach(alice_client, stream):
    Audit.objects.filter(is_right=None).update(is_right=True)
    add_checked(stream, [(0.999, True)] * 40 + [(0.999, False)] * 10)
    Stream.objects.update(wish=0.02)
    text = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "At most 2 % Out of reach: too many of the checked answers were wrong." in text
    assert "No target The model" in text


def test_the_table_of_digits_leaves_out_right_and_wrong_answers_before_the_last_thousand_errors(alice_client, stream):
    last = Audit.objects.latest("chosen_at").prediction
    correct(prediction=last, by=last.owner, kind="correct", text="1907")  # 1902 was read
    outcomes = [(0.99, True)] * 60 + [(0.99, False)] * 10 + [(0.99, True)] * 30 + [(0.99, False)] * 990
    add_checked(stream, outcomes + [(0.99, True)] * 7)
    text = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "63 older answers are left out: the table begins with the last 1,000 errors." in text
    # Four digits of each right answer and three of each wrong one.
    assert "3,148 of 4,148 are right. The most frequent error: 7 read as 2" in text


def test_the_table_of_digits_says_how_many_answers_it_has_no_place_for(alice_client, stream):
    wrong = Audit.objects.get(is_right=False)
    correct(prediction=wrong.prediction, by=wrong.owner, kind="correct", text="19")
    page = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "4 of 4 are right. 1 answer with more or fewer digits than were written is left out." in page


def test_the_table_of_digits_says_how_many_answers_have_only_their_verdicts_left(alice_client, stream):
    checked = Audit.objects.filter(is_right__isnull=False)
    remove_uploads(list(Upload.objects.filter(predictions__audit__in=checked)))
    page = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "2 answers are left out: their pictures were removed, and their digits with them." in page
    assert "1 error was in a picture that was deleted since. Its verdict is kept." in page


def test_the_page_tells_why_a_promise_has_a_higher_limit_than_the_estimate(alice_client, stream):
    text = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "The range at the top, up to 90.5 %, is for one look at these counts." in text
    assert "With a certainty of 95&nbsp;%, at most" in text


def test_where_answers_were_chosen_with_different_probabilities_only_the_promise_has_a_limit(
    alice_client, alice_token, stream
):
    Audit.objects.update(is_right=True, probability=0.2)
    add_checked(stream, [(0.999, True)] * 377)
    Stream.objects.update(wish=0.02)
    update_promises([stream.pk])
    page = reverse("quality_stream", args=[stream.pk])
    assert "With a certainty of 95&nbsp;%, at most 1 % of the sure answers are wrong." in text_of(
        alice_client.get(page)
    )
    add_checked(stream, [(0.999, True)] * 49 + [(0.999, False)], probability=0.02)
    update_promises([stream.pk])
    text = text_of(alice_client.get(page))
    assert "Promised: at most 2 % of the sure answers are wrong." in text
    assert "of the sure answers are wrong. The promise rests" not in text and "There is no such limit" in text
    assert "The promise rests on 430 checked answers with a confidence of 50 % or more, 1 of them wrong." in text
    assert "at most 1.4 % of such answers are wrong" in text
    (body,) = alice_client.get("/api/v1/quality/", headers=alice_token).json()
    assert body["bound"] is None and body["error"]["high"] > 0.04


def test_a_picture_without_a_digit_is_named_among_the_mistakes(alice_client, stream):
    wrong = Audit.objects.get(is_right=False)
    correct(prediction=wrong.prediction, by=wrong.owner, kind="not_a_digit")
    page = text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert "Read as 1901 (98.0 %), but there is no digit" in page


def test_the_owner_wishes_an_error_rate(alice_client, stream):
    response = alice_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": "0.02"}, follow=True)
    assert "At most 2 % wrong is not promised" in text_of(response)
    stream.refresh_from_db()
    assert stream.wish == 0.02
    alice_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": ""})
    stream.refresh_from_db()
    assert stream.wish is None


@pytest.mark.parametrize("wish", ["0.03", "nan", "-1", "x"])
def test_other_error_rates_are_refused(alice_client, stream, wish):
    assert alice_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": wish}).status_code == 400


def test_mistakes_are_shown_and_looked_at_again(alice_client, stream):
    url = reverse("quality_stream", args=[stream.pk])
    assert "Read as 1901 (98.0 %), is 1907" in text_of(alice_client.get(url))
    wrong = Audit.objects.get(is_right=False)
    again = reverse("quality_look_again", args=[wrong.pk])
    alice_client.post(again, {"said": "wrong"})
    assert "Looked at twice" in text_of(alice_client.get(url))
    alice_client.post(again, {"said": "right"})
    assert "None of the checked answers was wrong." in text_of(alice_client.get(url))


def test_a_second_look_says_right_or_wrong(alice_client, stream):
    wrong = Audit.objects.get(is_right=False)
    assert alice_client.post(reverse("quality_look_again", args=[wrong.pk]), {"said": "maybe"}).status_code == 400


def test_a_broken_promise_offers_to_review_what_was_sure(alice_client, stream):
    page = alice_client.get(reverse("quality_stream", args=[stream.pk]))
    assert "Put these answers into review" not in text_of(page)
    review = reverse("quality_review", args=[stream.pk])
    assert alice_client.post(review).status_code == 409
    Stream.objects.update(wish=0.02)
    Audit.objects.update(is_right=True)
    add_checked(stream, [*[(0.999, True)] * 190, (0.96, False), (0.96, False)])
    update_promises([stream.pk])
    assert "Put these answers into review" in text_of(alice_client.get(reverse("quality_stream", args=[stream.pk])))
    assert alice_client.post(review).headers["Location"] == reverse("review")


def test_other_people_s_streams_do_not_exist(bob_client, stream):
    wrong = Audit.objects.get(is_right=False)
    assert bob_client.get(reverse("quality_stream", args=[stream.pk])).status_code == 404
    assert bob_client.post(reverse("quality_wish", args=[stream.pk]), {"wish": "0.02"}).status_code == 404
    assert bob_client.post(reverse("quality_review", args=[stream.pk])).status_code == 404
    assert bob_client.post(reverse("quality_look_again", args=[wrong.pk]), {"said": "right"}).status_code == 404


def test_the_page_of_many_audits_makes_under_twelve_queries(alice_client, stream):
    add_checked(stream, [*[(0.999, True)] * 200, (0.96, False)])
    Stream.objects.update(wish=0.01)
    for name, arguments in (("quality", []), ("quality_stream", [stream.pk])):
        with CaptureQueriesContext(connection) as queries:
            assert alice_client.get(reverse(name, args=arguments)).status_code == 200
        assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]


def test_the_list_makes_as_many_queries_for_many_streams(alice_client, alice, model):
    for mode in ("auto", "digit", "number", "lines"):
        store_reading(make_reading("7"), owner=alice, mode=mode)
    with CaptureQueriesContext(connection) as queries:
        alice_client.get(reverse("quality"))
    assert len(queries) <= MAX_QUERIES


def test_batches_show_how_many_errors_to_expect(alice, alice_client, stream):
    batch = Batch.objects.create(owner=alice, name="holiday.zip", mode="number")
    for place in range(4):
        row = store_reading(make_reading("1905", confidence=0.95), owner=alice, mode="number")
        batch.items.create(position=place, name="a.png", state="done", upload=row.upload)
    assert "holiday.zip 4 fewer than 1" in text_of(alice_client.get(reverse("quality")))
    Audit.objects.filter(is_right=None).update(is_right=True)
    add_checked(stream, [(0.98, place % 2 == 0) for place in range(94)])
    assert "holiday.zip 4 2 " in text_of(alice_client.get(reverse("quality")))


def test_staff_see_counts_of_all_streams_without_pictures(admin_client, stream):
    page = admin_client.get("/admin/recognizer/stream/").content.decode()
    assert ">3<" in page
    detail = admin_client.get(f"/admin/recognizer/stream/{stream.pk}/change/").content.decode()
    assert stream.seed not in page + detail
    assert "thumbnail" not in page + detail
    assert "1907" not in page + detail


def test_the_api_lists_streams(client, alice_token, bob_token, stream):
    (body,) = client.get("/api/v1/quality/", headers=alice_token).json()
    assert (body["mode"], body["answers"], body["sure"], body["corrected"], body["waiting"]) == ("number", 3, 3, 1, 1)
    assert body["error"]["checked"] == 2
    assert body["error"]["rate"] == 0.5
    assert body["months"][0]["error"] == body["error"]
    assert body["wish"] is None
    assert client.get(body["url"], headers=alice_token).json() == body
    assert client.get("/api/v1/quality/", headers=bob_token).json() == []
    assert client.get(body["url"], headers=bob_token).status_code == 404


def test_the_model_of_a_stream_is_named(alice_client, stream):
    assert ModelVersion.objects.get(pk=stream.model_id).version in text_of(alice_client.get(reverse("quality")))


def test_doubtful_corrections_are_counted_in_words(alice, alice_client, model):
    def said() -> str:
        return alice_client.get(reverse("quality_labels")).content.decode()

    seven, other = (
        create_prediction(owner=alice, data=digit_png(7, seed=seed), source="upload", mode="digit") for seed in (0, 1)
    )
    correct(prediction=seven, by=alice, kind="correct", text="1")
    assert "The digit that you reviewed is doubtful." in said()
    correct(prediction=other, by=alice, kind="confirm")
    assert "1 of 2 reviewed digits is doubtful." in said()
