"""The choice of answers to audit, and the decision on an answer under a threshold."""

import hashlib
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


def draw_number(seed: str, key: str) -> float:
    """Return a number from 0 to 1 that nobody can choose: the SHA-256 of the seed and the answer's key."""
    return int.from_bytes(hashlib.sha256(f"{seed} {key}".encode()).digest()[:8]) / 2**64


def is_chosen(seed: str, key: str, share: float) -> bool:
    """Return whether an answer is audited. Who knows the seed can check every choice."""
    return draw_number(seed, key) < share
