"""A promise: of the answers that are called sure, at most a wished share is wrong.

Thresholds are tried in a fixed order, from the strictest to the most lenient (fixed-sequence testing). Each one is
tested only after all before it are promised. So the first threshold that does not keep the wish is promised by mistake
with at most the probability of one test, however many thresholds follow.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlcore.quality.evidence import is_exceeded, needed_audits, upper_bound

WISHES = (0.005, 0.01, 0.02)
# Of the confidence, from strict to lenient
THRESHOLDS = (0.995, 0.99, 0.985, 0.98, 0.97, 0.96, 0.95, 0.93, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
SHARE_BEFORE, SHARE_AFTER = 0.2, 0.02  # of the sure answers that are audited before and after the promise
# Errors at the wished rate: after so many audits without a promise, fewer are made. Chosen with
# `bench.promise --numbers 1400`.
MAX_EXPECTED = 9.0
MAX_ODDS = 2.5  # of an error rate as high as the wish against half of it: with more, fewer audits are made
FIRST_AUDITS = 100  # after which the order begins at a threshold that enough answers reach
FIRST_REACH = 0.45  # share of the audited answers that must reach the strictest threshold


@dataclass(slots=True)
class Counts:
    """Audited and wrong answers that reach each threshold."""

    audited: list[int]
    wrong: list[int]

    @classmethod
    def of(cls, thresholds: Sequence[float]) -> "Counts":
        return cls([0] * len(thresholds), [0] * len(thresholds))

    def add(self, first: int, is_right: bool) -> None:
        """Count an answer for the threshold `first` and all more lenient ones."""
        self.audited[first:] = [count + 1 for count in self.audited[first:]]
        if not is_right:
            self.wrong[first:] = [count + 1 for count in self.wrong[first:]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The audited answers that prove a promise: those that reach its threshold, since the last promise was broken."""

    threshold: float
    audited: int
    wrong: int
    bound: float


@dataclass(slots=True)
class Promise:
    """A wished error rate, the audits that speak for it, and the threshold that follows from them.

    It is told the audited answers one after another, in the order in which they were chosen.
    """

    wish: float
    thresholds: Sequence[float] = THRESHOLDS
    promised: int | None = None  # place of the most lenient threshold that is promised
    raised: int | None = None  # place of the threshold in force since the last promise was broken
    breaks: int = 0
    audited: int = 0  # since the promise was last broken
    first: int | None = None  # place of the threshold that the order begins with
    evidence: Counts = field(init=False)  # since the promise was last broken
    watched: Counts = field(init=False)  # since the threshold in force was promised
    negatives: list[float] = field(init=False)  # of the thresholds, in ascending order

    def __post_init__(self) -> None:
        self.negatives = [-threshold for threshold in self.thresholds]
        self.evidence = Counts.of(self.thresholds)
        self.watched = Counts.of(self.thresholds)

    @property
    def threshold(self) -> float | None:
        """Return the least confidence of a sure answer, or None where the model's own threshold holds."""
        place = self.raised if self.promised is None else self.promised
        return None if place is None else self.thresholds[place]

    @property
    def share(self) -> float:
        """Return the share of the sure answers to audit."""
        return SHARE_AFTER if self.promised is not None or self.is_unlikely else SHARE_BEFORE

    @property
    def is_unlikely(self) -> bool:
        """Return whether the promise is out of reach with a bearable number of audits.

        That is so after MAX_EXPECTED errors at the wished rate, or where the errors that were found are much more
        probable at the wished rate than at half of it.
        """
        expected = self.wish * self.evidence.audited[self.first or 0]
        wrong = self.evidence.wrong[self.first or 0]
        return expected >= MAX_EXPECTED or wrong * math.log(2) - expected / 2 > math.log(MAX_ODDS)

    @property
    def promised_evidence(self) -> Evidence | None:
        """Return what proves the promise, None where none is made."""
        place, counts = self.promised, self.evidence
        if place is None:
            return None
        return Evidence(self.thresholds[place], counts.audited[place], counts.wrong[place], self.bound(place))

    def bound(self, place: int) -> float:
        """Return the upper bound of the error among the answers that reach a threshold."""
        return upper_bound(self.evidence.audited[place], self.evidence.wrong[place])

    def add(self, confidence: float, is_right: bool) -> None:
        """Count an audited answer. Promise more thresholds, or break the promise, where the audits say so."""
        place = bisect_left(self.negatives, -confidence)
        self.audited += 1
        self.evidence.add(place, is_right)
        if self.first is None and self.audited == FIRST_AUDITS:
            self.first = self.find_first()
        if self.promised is not None:
            self.watched.add(place, is_right)
            if is_exceeded(self.wish, self.watched.audited[self.promised], self.watched.wrong[self.promised]):
                self.break_promise()
                return
        self.extend()

    def add_right(self, confidences: NDArray[np.float64]) -> None:
        """Count audited answers that are right, as `add` does in turn. Where they change nothing, count them at once.

        Right answers only lower bounds, so nothing changes where the bound after the last one still exceeds the wish.
        """
        places = np.searchsorted(self.negatives, -confidences)
        reached = np.bincount(places, minlength=len(self.thresholds) + 1)[:-1].cumsum().tolist()
        if self.first is None or self.would_extend(reached):
            for confidence in confidences.tolist():
                self.add(confidence, is_right=True)
            return
        self.audited += len(confidences)
        for counts in (self.evidence,) if self.promised is None else (self.evidence, self.watched):
            counts.audited = [before + more for before, more in zip(counts.audited, reached, strict=True)]

    def would_extend(self, reached: Sequence[int]) -> bool:
        """Return whether so many more right answers, by threshold, would promise the next one."""
        following = (self.first or 0) if self.promised is None else self.promised + 1
        if following == len(self.thresholds):
            return False
        audited = self.evidence.audited[following] + reached[following]
        return upper_bound(audited, self.evidence.wrong[following]) <= self.wish

    def find_first(self) -> int:
        """Return the strictest threshold that enough answers reach, whether they are right or not."""
        reached = self.evidence.audited
        return next((place for place, count in enumerate(reached) if count >= FIRST_REACH * self.audited), 0)

    def extend(self) -> None:
        """Promise the next thresholds of the order as long as the bound of each is within the wish."""
        if self.first is None:
            return
        following = self.first if self.promised is None else self.promised + 1
        while following < len(self.thresholds):
            if self.bound(following) > self.wish:
                return
            self.promised, self.raised = following, None
            self.watched = Counts.of(self.thresholds)
            following += 1

    def break_promise(self) -> None:
        """Raise the threshold to one at which none of the later audits was wrong, and begin anew."""
        stricter = range((self.promised or 0) - 1, -1, -1)
        self.raised = next((place for place in stricter if not self.watched.wrong[place]), 0)
        self.promised, self.first, self.audited = None, None, 0
        self.breaks += 1
        self.evidence, self.watched = Counts.of(self.thresholds), Counts.of(self.thresholds)

    @property
    def audits_left(self) -> int | None:
        """Return about how many more answers must be audited before the first promise, None if no end is in sight.

        Errors are expected at the rate that was found so far.
        """
        place = self.first or 0
        audited, wrong = self.evidence.audited[place], self.evidence.wrong[place]
        rate = wrong / audited if audited else 0.0
        reach = max(audited, 1) / max(self.audited, 1)
        for count in range(wrong, wrong + 100):
            needed = needed_audits(self.wish, count)
            if wrong + rate * max(0, needed - audited) <= count + 0.5:
                return max(1, round((needed - audited) / reach))
        return None
