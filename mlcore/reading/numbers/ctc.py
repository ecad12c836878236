"""The CTC decoder: it turns the line network's logits into texts with their probabilities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats
from mlcore.reading.expectations.expectation import Range
from mlcore.reading.written import write_number

BLANK = 10  # the class for "nothing to read here"; the classes below are the digits, those above are signs
# Texts that the search keeps after each step. Signs double their number, unless it looks ahead to the texts' length.
BEAM_WIDTH, BEAM_WIDTH_WITH_SIGNS = 12, 24
MIN_STEP_PROBABILITY = 1e-3  # a less probable digit or sign does not extend a text

LogProbabilities = NDArray[np.float64]  # (T, 11 + signs)
Classes = tuple[int, ...]  # of the digits and signs of a text, from left to right
Steps = tuple[int, ...]  # the most probable one of each digit and sign
Spans = tuple[tuple[int, int], ...]  # the first and last step of each digit and sign
ClassFilter = Callable[[Classes], bool]
# For each text: the probability of paths that end in a blank, and of paths that end in its last digit or sign.
Beams = dict[Classes, tuple[float, float]]


class WantedTexts(Protocol):
    """The texts that are searched, in their written form."""

    @property
    def digits(self) -> Range | None: ...  # how many they may have

    def may_begin(self, prefix: str) -> bool: ...

    def may_be(self, written: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class DecodedSign:
    """A sign between the digits of a text."""

    sign: str
    before_glyph: int  # index of the digit that follows; the number of digits at the end
    step: int  # at which it is most probable
    span: tuple[int, int]  # the first and last step that it covers
    confidence: float  # its probability at its step


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text that a strip may show, aligned with the network's steps."""

    digits: tuple[int, ...]
    confidence: float  # that these are the digits, whatever the signs: the sum over all paths that collapse to them
    steps: tuple[int, ...]  # for each digit the step at which it is most probable
    spans: tuple[tuple[int, int], ...]  # for each digit the first and last step that it covers
    digit_probabilities: tuple[tuple[float, ...], ...]  # for each digit the probabilities of 0 to 9
    signs: tuple[DecodedSign, ...]  # the most probable ones beside these digits
    signs_confidence: float  # that these are the signs, where the digits are right

    @property
    def written(self) -> str:
        return write_number("".join(map(str, self.digits)), self.signs)

    @property
    def all_steps(self) -> tuple[int, ...]:
        """Return the steps of the digits and signs, from left to right."""
        return tuple(sorted([*self.steps, *(sign.step for sign in self.signs)]))

    @property
    def sign_places(self) -> frozenset[int]:
        """Return which places among `all_steps` are signs."""
        return frozenset(sign.before_glyph + number for number, sign in enumerate(self.signs))


def needed_steps(written: str) -> int:
    """Return the fewest steps in which a path can hold this text: equal neighbours need a blank between them."""
    return len(written) + sum(a == b for a, b in pairwise(written))


def decode_text(logits: NDArray[np.float32], temperature: float = 1.0, signs: str = "") -> DecodedText:
    """Return the most probable text."""
    return decode_texts(logits, 1, temperature, signs=signs)[0]


def decode_texts(
    logits: NDArray[np.float32],
    most: int,
    temperature: float = 1.0,
    min_ratio: float = 0.0,
    signs: str = "",
    wanted: WantedTexts | None = None,
) -> list[DecodedText]:
    """Return up to `most` texts of one strip's (T, 11 + signs) logits, the most probable first.

    `signs` are those that the network reads, in the order of its classes. Texts with the same digits and other signs
    are one text, with its most probable signs. Texts with less than `min_ratio` of the first one's probability are
    left out; the first one is always returned. Where no text is `wanted`, nothing is.
    """
    log_probabilities = _log_softmax(logits.astype(np.float64) / temperature)
    best_classes: dict[tuple[int, ...], tuple[Classes, float]] = {}
    totals: dict[tuple[int, ...], float] = {}
    may_begin, may_end = _class_filters(signs, wanted)
    ends = _measure_ends(np.exp(log_probabilities), wanted.digits) if wanted and wanted.digits else None
    for classes, log in _search_beam(log_probabilities, may_begin, ends):
        if not may_end(classes):
            continue
        digits = tuple(each for each in classes if each < BLANK)
        best_classes.setdefault(digits, (classes, log))
        totals[digits] = float(np.logaddexp(totals.get(digits, -np.inf), log))
    found = sorted(totals, key=lambda digits: -totals[digits])[:most]
    if not found:
        return []
    lowest = totals[found[0]] + np.log(max(min_ratio, 1e-12))
    kept = [digits for digits in found if totals[digits] >= lowest]
    aligned = _align(log_probabilities, [best_classes[digits][0] for digits in kept])
    return [
        _describe_text(log_probabilities, *best_classes[digits], totals[digits], signs, *places)
        for digits, places in zip(kept, aligned, strict=True)
    ]


def _describe_text(
    log_probabilities: LogProbabilities,
    classes: Classes,
    log_probability: float,
    log_total: float,
    signs: str,
    steps: Steps,
    spans: Spans,
) -> DecodedText:
    """Return the text of these classes. `log_total` is the log probability of its digits, whatever the signs."""
    places = [place for place, each in enumerate(classes) if each < BLANK]
    digits = tuple(classes[place] for place in places)
    found_signs = tuple(
        DecodedSign(
            signs[each - BLANK - 1],
            sum(other < place for other in places),
            steps[place],
            spans[place],
            float(np.exp(log_probabilities[steps[place], each])),
        )
        for place, each in enumerate(classes)
        if each > BLANK
    )
    return DecodedText(
        digits,
        float(np.exp(log_total)),
        tuple(steps[place] for place in places),
        tuple(spans[place] for place in places),
        tuple(_digit_probabilities(log_probabilities, classes[place], spans[place]) for place in places),
        found_signs,
        float(np.exp(log_probability - log_total)),
    )


def _log_softmax(logits: Floats) -> LogProbabilities:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities: LogProbabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probabilities


def _class_filters(signs: str, wanted: WantedTexts | None) -> tuple[ClassFilter, ClassFilter]:
    """Return both filters of the wanted texts as functions of classes. They keep their answers."""
    if wanted is None:
        return (lambda _: True), (lambda _: True)
    characters = "0123456789_" + signs

    def write(classes: Classes) -> str:
        return "".join(characters[each] for each in classes)

    return cache(lambda classes: wanted.may_begin(write(classes))), lambda classes: wanted.may_be(write(classes))


def _measure_ends(probabilities: Floats, digits: Range) -> list[list[list[float]]]:
    """Return the probability that the steps from each one on complete a text to a length that is wanted.

    It is a table (T + 1, most + 2, 11 + signs) by the number of digits that the text has before, and by the class of
    its last step: the sum over all paths.
    """
    steps, classes = probabilities.shape
    ends = np.zeros((steps + 1, digits.most + 2, classes))
    ends[-1, digits.least : digits.most + 1] = 1.0
    begun = np.zeros(ends.shape[1:])
    for time in range(steps - 1, -1, -1):
        stayed = ends[time + 1] * probabilities[time]  # (most + 2, 11 + signs): the step repeats this class
        begun[:, BLANK:] = stayed[:, BLANK:]  # the text goes on with this class,
        begun[:-1, :BLANK] = stayed[1:, :BLANK]  # and has one digit more
        total = begun.sum(axis=1)
        ends[time] = total[:, np.newaxis] - begun + stayed
        ends[time, :, BLANK] = total
    table: list[list[list[float]]] = ends.tolist()
    return table


def _search_beam(
    log_probabilities: LogProbabilities, may_begin: ClassFilter, ends: list[list[list[float]]] | None = None
) -> list[tuple[Classes, float]]:
    """Return the most probable texts with their log probabilities, best first, by prefix beam search.

    With `ends`, those texts are kept that become a wanted one most probably. Some that cannot may still be among the
    last ones: nothing is ranked after a step that adds no text.
    """
    beams: Beams = {(): (1.0, 0.0)}
    is_narrow = log_probabilities.shape[1] == BLANK + 1 or ends is not None
    width = BEAM_WIDTH if is_narrow else BEAM_WIDTH_WITH_SIGNS
    scale = 0.0  # the logarithm of all factors that were divided out
    for time, step in enumerate(np.exp(log_probabilities).tolist(), start=1):  # (11 + signs,)
        blank = step[BLANK]
        grown = {
            text: ((after_blank + after_last) * blank, after_last * step[text[-1]] if text else 0.0)
            for text, (after_blank, after_last) in beams.items()
        }
        likely = [(each, p) for each, p in enumerate(step) if p > MIN_STEP_PROBABILITY and each != BLANK]
        for text, (after_blank, after_last) in beams.items():
            for each, probability in likely:
                before = after_blank if text and text[-1] == each else after_blank + after_last
                if before > 0:
                    longer = (*text, each)
                    if not may_begin(longer):
                        continue
                    in_blank, in_last = grown.get(longer, (0.0, 0.0))
                    grown[longer] = (in_blank, in_last + before * probability)
        if not likely:
            best = list(grown.items())  # no text was added
        elif ends is None:
            best = _rank(grown)
        else:
            best = _keep_completable(grown, ends[time])
        if not best:
            return []
        best = best[:width]
        total = max(sum(parts) for _, parts in best)
        scale += float(np.log(total))
        beams = {text: (after_blank / total, after_last / total) for text, (after_blank, after_last) in best}
    return [(text, float(np.log(sum(parts)) + scale)) for text, parts in _rank(beams) if sum(parts) > 0]


def _rank(beams: Beams) -> list[tuple[Classes, tuple[float, float]]]:
    return sorted(beams.items(), key=lambda item: -sum(item[1]))


def _keep_completable(grown: Beams, ends: list[list[float]]) -> list[tuple[Classes, tuple[float, float]]]:
    """Return the texts that can become a wanted one, those first that do so most probably."""
    ranked = []
    for text, parts in grown.items():
        after = ends[sum(each < BLANK for each in text)]
        chance = parts[0] * after[BLANK] + parts[1] * (after[text[-1]] if text else 0.0)
        if chance > 0:
            ranked.append((chance, text, parts))
    ranked.sort(reverse=True)
    return [(text, parts) for _, text, parts in ranked]


def _align(log_probabilities: LogProbabilities, texts: Sequence[Classes]) -> list[tuple[Steps, Spans]]:
    """Return the steps and spans of the classes of each text on its single most probable path (Viterbi)."""
    width = 2 * max(map(len, texts)) + 1
    classes = np.full((len(texts), width), BLANK)  # blank, first class of the text, blank, second class, ..., blanks
    for row, text in zip(classes, texts, strict=True):
        row[1 : 2 * len(text) : 2] = text
    skipping = np.full(classes.shape, -np.inf)  # the blank between two different classes is optional
    skipping[:, 3::2][classes[:, 3::2] != classes[:, 1:-2:2]] = 0.0
    score = np.full(classes.shape, -np.inf)
    score[:, :2] = log_probabilities[0, classes[:, :2]]
    back = np.zeros((len(log_probabilities), *classes.shape), int)
    options = np.full((3, *classes.shape), -np.inf)  # to stay, to move by one state, and to skip a blank
    for time, step in enumerate(log_probabilities[1:, classes], start=1):
        options[0], options[1, :, 1:] = score, score[:, :-1]
        np.add(score[:, :-2], skipping[:, 2:], out=options[2, :, 2:])
        options.argmax(axis=0, out=back[time])
        score = options.max(axis=0) + step
    return [_follow_back(log_probabilities, text, score[number], back[:, number]) for number, text in enumerate(texts)]


def _follow_back(
    log_probabilities: LogProbabilities, text: Classes, score: Floats, back: NDArray[np.intp]
) -> tuple[Steps, Spans]:
    """Return the steps and spans of a text from the moves (T, states) that led to the scores of its last states."""
    if not text:
        return (), ()
    last = 2 * len(text)
    state = last if score[last] >= score[last - 1] else last - 1
    path = [state]
    for moves in back[:0:-1].tolist():
        state -= moves[state]
        path.append(state)
    states = np.arange(1, last, 2)
    firsts, stops = (np.searchsorted(path[::-1], states, side).tolist() for side in ("left", "right"))
    spans = tuple((first, stop - 1) for first, stop in zip(firsts, stops, strict=True))
    steps = [
        first + int(log_probabilities[first:stop, each].argmax())
        for first, stop, each in zip(firsts, stops, text, strict=True)
    ]
    return tuple(steps), spans


def _digit_probabilities(log_probabilities: LogProbabilities, digit: int, span: tuple[int, int]) -> tuple[float, ...]:
    """Return the probabilities of 0 to 9 at the digit's best step, given that some digit stands there."""
    rows = log_probabilities[span[0] : span[1] + 1, :BLANK]
    best = rows[int(rows[:, digit].argmax())]
    shares = np.exp(best - best.max())
    return tuple((shares / shares.sum()).tolist())
