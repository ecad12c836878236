"""The choice of audited answers, and decisions under another threshold."""

from mlcore.quality.threshold import decide_again, may_be_sure
from mlcore.reading.result import Box, UnreadInk
from tests.readings import make_reading


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
