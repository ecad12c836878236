"""The choice of audited answers, and decisions under another threshold."""

from mlcore.quality.audit import decide_again, draw_number, is_chosen, may_be_sure
from mlcore.reading.result import Box, UnreadInk
from tests.readings import make_reading


def test_the_choice_can_be_proven_with_the_seed():
    chosen = [key for key in map(str, range(10_000)) if is_chosen("seed", key, 0.2)]
    assert 1_900 < len(chosen) < 2_100
    assert chosen == [key for key in map(str, range(10_000)) if draw_number("seed", key) < 0.2]
    assert chosen != [key for key in map(str, range(10_000)) if is_chosen("other seed", key, 0.2)]


def test_an_answer_chosen_with_a_small_share_is_chosen_with_a_larger_one():
    keys = [str(number) for number in range(10_000)]
    assert {k for k in keys if is_chosen("s", k, 0.02)} < {k for k in keys if is_chosen("s", k, 0.2)}


def test_a_higher_threshold_makes_a_sure_answer_unsure():
    reading = make_reading("1905", confidence=0.98)
    assert decide_again(reading, 0.99).decision == "unsure"
    assert decide_again(reading, 0.99).lines[0].decision == "unsure"
    assert decide_again(reading, 0.98) == reading
    assert decide_again(reading, None) == reading


def test_a_lower_threshold_makes_an_answer_sure_that_only_lacked_confidence():
    reading = make_reading("1905", decision="unsure", confidence=0.9)
    assert decide_again(reading, 0.85).decision == "read"
    assert decide_again(reading, 0.93).decision == "unsure"


def test_no_threshold_makes_an_answer_sure_that_leaves_out_ink():
    reading = make_reading("1905", decision="unsure", reason="unread_ink", unread=[UnreadInk(Box(1, 1, 2, 2), "mark")])
    assert not may_be_sure(reading)
    assert decide_again(reading, 0.5).decision == "unsure"


def test_several_lines_keep_the_decision_of_their_worst_line():
    reading = make_reading("12\n34", decision="unsure", confidence=0.9)
    assert not may_be_sure(reading)
    assert decide_again(reading, 0.5) == reading
