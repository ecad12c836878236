"""Pages of numbers with signs, several lines and unread ink."""

import html
import re

import pytest
from django.urls import reverse

from mlcore.reading.result import Box, UnreadInk
from recognizer.models import Correction
from recognizer.services.registry.thresholds import thresholds_of
from tests.readings import make_reading, store_reading

pytestmark = pytest.mark.django_db


def page_of(client, prediction) -> str:
    return client.get(reverse("upload_detail", args=[prediction.upload_id])).content.decode()


def words_of(page) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_written_form_is_large_and_the_signs_stand_between_the_cells(alice, alice_client, model):
    page = page_of(alice_client, store_reading(make_reading("-12,50"), owner=alice))

    assert '<span class="visually-hidden">-12,50</span>' in page
    assert re.findall(r'class="cell-sign">([^<]+)<', page) == ["-", ","]
    assert 'value="-12,50"' in page


def test_lines_stand_one_under_another_with_their_own_certainty(alice, alice_client, model):
    page = page_of(alice_client, store_reading(make_reading("12.5\n-34\n7"), owner=alice))

    lines = re.search(r'<ol class="plain-list written-lines">(.*?)</ol>', page, re.DOTALL)[1].replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert re.findall(r"Sure, 98\.0 %|-?[0-9.]+(?=</span>)", lines) == [
        *("12.5", "Sure, 98.0 %", "-34", "Sure, 98.0 %", "7", "Sure, 98.0 %")
    ]
    assert page.count('<div class="cells">') == 3
    assert "12.5\n-34\n7</textarea>" in page


def test_unread_ink_is_drawn_on_the_picture_and_named_below(alice, alice_client, model):
    unread = [UnreadInk(Box(1, 2, 30, 40), "letters"), UnreadInk(Box(5, 90, 200, 20), "text_line")]
    reading = make_reading("12", decision="unsure", reason="unread_ink", unread=unread)
    page = page_of(alice_client, store_reading(reading, owner=alice))

    assert page.count('class="is-unread"') == 2
    assert 'class="is-unread" x="1" y="2" width="30" height="40"' in page
    assert "Not read: 1 line of text, 1 word" in words_of(page)
    assert "holds writing that is not part of the answer" in page
    assert "Not sure (no percentage: it would rate the digits only)" in words_of(page)


def test_an_unsure_answer_names_the_threshold_that_it_did_not_reach(alice, alice_client, model):
    thresholds_of.cache_clear()
    unsure = store_reading(make_reading("1905", decision="unsure", confidence=0.3, doubtful=2), owner=alice)
    page = words_of(page_of(alice_client, unsure))
    sure = words_of(page_of(alice_client, store_reading(make_reading("1905"), owner=alice)))

    assert re.search(r"Not sure , 30\.0\s% \(needs \d\d\.\d\s%\)", page)
    assert "(needs" not in sure


def test_of_several_lines_each_unsure_one_names_the_threshold(alice, alice_client, model):
    reading = make_reading("12\n34", decision="unsure", confidence=0.7)
    page = words_of(page_of(alice_client, store_reading(reading, owner=alice)))

    assert len(re.findall(r"Not sure, 70\.0\s% \(needs \d\d\.\d\s%\)", page)) == 2
    assert page.count("(needs") == 2  # and not beside that of the whole page


def test_the_least_certain_digit_is_marked_in_the_box_the_cell_and_the_card(alice, alice_client, model):
    unsure = store_reading(make_reading("1905", decision="unsure", confidence=0.6, doubtful=2), owner=alice)
    page = page_of(alice_client, unsure)

    assert re.findall(r'<rect class="is-doubtful"[^>]*data-box="(\d)"', page) == ["2"]
    assert re.findall(r'class="cell is-doubtful" id="cell-(\d)"', page) == ["3"]
    assert page.count('class="glyph is-doubtful"') == 1
    assert "Digit 3, least certain" in page


def test_a_card_shows_the_share_of_its_bar_and_apart_whether_it_is_a_digit(alice, alice_client, model):
    page = words_of(page_of(alice_client, store_reading(make_reading("7", doubtful=0), owner=alice)))

    assert "Read as 7" in page
    assert "7 60.0 %" in page  # the confidence of 59.4 % is that of a digit and this one
    assert "Is a digit: 99.0 %" in page
    assert "59.4" not in page


@pytest.mark.parametrize("lines", ["12.5\r\n-99", "12.5\n\n -99 "])
def test_a_person_corrects_signs_and_lines_in_one_field(alice, alice_client, model, lines):
    prediction = store_reading(make_reading("12.5\n-34"), owner=alice)

    alice_client.post(reverse("upload_correct", args=[prediction.upload_id]), {"action": "text", "value": lines})

    correction = Correction.objects.get()
    assert (correction.text, correction.written) == ("125\n99", "12.5\n-99")
    assert [box["label"] for box in correction.boxes] == list("12599")


def test_the_pages_read_every_line_by_default(alice_client, alice, model, media):
    page = alice_client.get(reverse("desk")).content.decode()

    assert re.search(r'name="mode" value="lines" checked>\s*Automatic, all lines', page)
    alice_client.post(reverse("example_create"), {"example": "1905"})
    assert alice.uploads.get().predictions.get().mode == "lines"


def test_a_page_of_very_many_digits_explains_the_least_certain(alice, alice_client, model):
    lines = "\n".join("1234567890" for _line in range(60))
    page = page_of(alice_client, store_reading(make_reading(lines, doubtful=599), owner=alice))

    assert page.count('<li class="glyph') == 60
    assert "54 more of 600 digits" in page
    assert page.count("data-cell=") == 600
    assert "0 60.0 %" in words_of(page)


def test_a_number_that_is_saved_without_a_script_stays_after_a_second_click(alice, alice_client, model):
    prediction = store_reading(make_reading("12.5\n-34"), owner=alice)
    page = page_of(alice_client, prediction)
    shown = html.unescape(re.search('name="shown" value="([^"]*)"', page)[1])
    labels = re.findall('name="label" value="([^"]*)"', page)
    assert (shown, labels) == ("12.5\n-34", list("12534"))
    form = {"action": "number", "value": "12.5\r\n-99", "label": labels, "shown": shown.replace("\n", "\r\n")}
    for _click in range(2):
        alice_client.post(reverse("upload_correct", args=[prediction.upload_id]), form)
    assert Correction.objects.get().written == "12.5\n-99"
