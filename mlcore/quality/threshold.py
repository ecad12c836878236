"""The decision on an answer under another threshold than the model's."""

from dataclasses import replace

from mlcore.reading.result import Decision, Reading


def may_be_sure(reading: Reading) -> bool:
    """Return whether the answer is sure, or only its confidence keeps it from being so.

    Several lines that are not all sure stay unsure, because each line has a confidence of its own.
    """
    return reading.decision == "read" or (
        reading.decision == "unsure" and reading.reason is None and len(reading.lines) <= 1
    )


def decide_again(reading: Reading, threshold: float | None) -> Reading:
    """Return the reading with the decision that follows from another threshold than the model's."""
    if threshold is None or reading.decision == "rejected":
        return reading
    if reading.decision == "read" and reading.confidence < threshold:
        return _with_decision(reading, is_sure=False)
    if reading.decision == "unsure" and may_be_sure(reading) and reading.confidence >= threshold:
        return _with_decision(reading, is_sure=True)
    return reading


def _with_decision(reading: Reading, *, is_sure: bool) -> Reading:
    decision: Decision = "read" if is_sure else "unsure"
    lines = reading.lines
    if len(lines) == 1:
        lines = (replace(lines[0], decision=decision),)
    return replace(reading, decision=decision, lines=lines)
