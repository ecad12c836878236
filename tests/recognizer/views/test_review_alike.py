"""Reviewing digits that look alike together: the groups, the check, and what is saved."""

import re
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils.html import escape

from recognizer.models import Audit, Correction, Prediction
from recognizer.services.batches.intake import create_batch
from recognizer.services.history.corrections import correct
from recognizer.services.reading.predictions import create_prediction
from recognizer.services.review.alike_groups import LARGEST, save_group
from tests.pictures import digit_png
from tests.recognizer.threads import meanwhile

pytestmark = pytest.mark.django_db
PAGE = "review_alike"


@pytest.fixture
def sevens(alice, model, media) -> list[Prediction]:
    """Four drawn sevens that wait for review, and one that is sure."""
    made = [
        create_prediction(owner=alice, data=digit_png(7, seed=seed), source="upload", mode="digit") for seed in range(5)
    ]
    assert {each.text for each in made} == {"7"}
    waiting = Prediction.objects.filter(pk__in=[each.pk for each in made[:4]])
    waiting.update(decision="unsure", confidence=0.6)
    return list(waiting)


def shown(page) -> tuple[UUID, list[UUID]]:
    group = page.context["group"]
    return group.checked.prediction.upload_id, [glyph.prediction.upload_id for glyph in group.others]


def save(client, checked: UUID, others: list[UUID], digit: str = "7"):
    fields = {"checked": checked, "upload": others, "digit": digit}
    return client.post(reverse("review_alike_save"), fields, follow=True)


def corrected() -> dict[UUID, str]:
    return {row.upload_id: f"{row.kind} {row.text}" for row in Correction.objects.all()}


def test_the_waiting_digits_that_look_alike_are_one_group(alice_client, sevens):
    page = alice_client.get(reverse(PAGE))
    checked, others = shown(page)
    assert {checked, *others} == {each.upload_id for each in sevens}
    assert shown(alice_client.get(reverse(PAGE))) == (checked, others)  # a reload shows the same
    assert "read as 7" not in page.content.decode()  # the person says what it is


def test_one_digit_is_saved_for_all_that_stay_chosen(alice_client, sevens):
    checked, others = shown(alice_client.get(reverse(PAGE)))
    page = save(alice_client, checked, others[:-1])
    assert "3 pictures are a 7." in page.content.decode()
    assert corrected() == dict.fromkeys([checked, *others[:-1]], "confirm 7")
    assert page.context["group"] is None  # the last one is reviewed alone


def test_only_the_checked_picture_is_saved_if_it_is_another_digit(alice_client, sevens):
    checked, others = shown(alice_client.get(reverse(PAGE)))
    page = save(alice_client, checked, others, digit="1")
    assert "so only it was saved" in page.content.decode()
    assert corrected() == {checked: "correct 1"}


def test_a_second_click_saves_nothing_more(alice_client, sevens):
    checked, others = shown(alice_client.get(reverse(PAGE)))
    save(alice_client, checked, others)
    assert save(alice_client, checked, others).status_code == 409
    assert Correction.objects.count() == 4


def test_sure_digits_and_those_of_others_are_never_saved(alice, bob_client, alice_client, sevens):
    sure = Prediction.objects.exclude(pk__in=[each.pk for each in sevens]).get()
    assert bob_client.get(reverse(PAGE)).context["group"] is None
    assert save(bob_client, sevens[0].upload_id, [each.upload_id for each in sevens]).status_code == 409
    assert corrected() == {}
    assert sure.upload_id not in {*shown(alice_client.get(reverse(PAGE)))[1]}


@pytest.mark.parametrize("was_sure", [True, False])
def test_audited_digits_are_in_no_group_and_are_never_saved_with_one(alice, alice_client, sevens, was_sure):
    audited, *unsure = sevens
    if was_sure:
        Prediction.objects.filter(pk=audited.pk).update(decision="read")
    audit = Audit.objects.create(
        prediction=audited,
        owner=alice,
        stream=audited.stream,
        month=audited.created_at.date().replace(day=1),
        probability=0.2,
        confidence=0.9,
        was_sure=was_sure,
    )
    checked, others = shown(alice_client.get(reverse(PAGE)))
    assert {checked, *others} == {each.upload_id for each in unsure}
    page = save(alice_client, checked, [*others, audited.upload_id])  # as a program could send it
    assert "3 pictures are a 7." in page.content.decode()
    assert audited.upload_id not in corrected()
    audit.refresh_from_db()
    assert audit.is_right is None
    assert alice_client.get(reverse("review")).context["prediction"] == audited


def test_a_group_can_be_skipped(alice_client, sevens):
    page = alice_client.get(reverse(PAGE))
    (skip,) = re.findall(r'<form method="get".*?</form>', page.content.decode(), re.DOTALL)
    skipped = re.findall(r'name="skip" value="([^"]+)"', skip)
    assert {UUID(each) for each in skipped} == {each.upload_id for each in sevens}
    assert alice_client.get(reverse(PAGE), {"skip": skipped}).context["group"] is None


def test_the_filters_of_the_review_are_kept(alice, alice_client, sevens):
    batch = create_batch(owner=alice, name="holiday.zip")
    for place, each in enumerate(sevens):
        batch.items.create(position=place, name=f"{place}.png", state="done", upload=each.upload)
    limits = {"all": 1, "batch": batch.pk, "reason": "uncertain", "model": sevens[0].model.version}
    query = f"?{urlencode(limits)}"
    to_review, to_alike = (escape(reverse(name) + query) for name in ("review", PAGE))
    assert f'hx-get="{to_alike}"' in alice_client.get(reverse("review") + query).content.decode()
    assert (
        f'href="{to_alike}"' in alice_client.get(reverse(PAGE) + query, headers={"HX-Request": "true"}).content.decode()
    )
    page = alice_client.get(reverse(PAGE) + query)
    assert page.content.decode().count(f'href="{to_review}"') == 1
    for form in re.findall(
        r'<form class="alike".*?</form>|<form method="get".*?</form>', page.content.decode(), re.DOTALL
    ):
        fields = dict(re.findall(r'<input type="hidden" name="(all|batch|reason|model)" value="([^"]+)">', form))
        assert fields == {name: str(value) for name, value in limits.items()}
    checked, others = shown(page)
    answer = {"checked": checked, "upload": others, "digit": "7", **limits}
    assert alice_client.post(reverse("review_alike_save"), answer).url == reverse(PAGE) + query
    page = alice_client.get(reverse(PAGE) + query).content.decode()  # the end: two links lead back to the review
    assert page.count(f'href="{to_review}"') == 2


@pytest.mark.parametrize("fields", [{"digit": "12"}, {"digit": "x"}, {"checked": "rubbish"}, {"upload": "rubbish"}])
def test_rubbish_is_refused(alice_client, sevens, fields):
    good = {"checked": sevens[0].upload_id, "digit": "7"}
    assert alice_client.post(reverse("review_alike_save"), good | fields).status_code == 400
    assert corrected() == {}


def test_the_number_of_queries_does_not_depend_on_the_group(alice_client, sevens, django_assert_max_num_queries):
    assert len(sevens) < LARGEST
    with django_assert_max_num_queries(12):
        alice_client.get(reverse(PAGE))


def test_the_review_offers_alike_digits_only_where_there_are_some(alice_client, sevens):
    assert f'hx-get="{reverse(PAGE)}"' in alice_client.get(reverse("review")).content.decode()

    def offer() -> str:
        return alice_client.get(reverse(PAGE), headers={"HX-Request": "true"}).content.decode()

    assert f'<a href="{reverse(PAGE)}">Review digits that look alike together</a>' in offer()
    Prediction.objects.filter(pk__in=[each.pk for each in sevens[:2]]).update(decision="read")
    assert "<a" not in offer()
    assert "No three of the single digits" in alice_client.get(reverse(PAGE)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_picture_that_is_corrected_at_the_same_time_is_left_out_of_its_group(alice, sevens):
    checked, other, third = sevens[:3]
    given = {"checked": checked.upload_id, "others": [other.upload_id, third.upload_id], "digit": "7"}
    with meanwhile(lambda: save_group(alice, **given)):
        correct(prediction=other, by=alice, kind="correct", text="1")
    assert corrected() == {checked.upload_id: "confirm 7", other.upload_id: "correct 1", third.upload_id: "confirm 7"}
