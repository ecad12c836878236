"""The CTC decoder: it turns the line network's logits into texts with their probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats

BLANK = 10  # the class for "no digit here"
BEAM_WIDTH = 12  # texts that the search keeps after each step
MIN_STEP_PROBABILITY = 1e-3  # a less probable digit does not extend a text

LogProbabilities = NDArray[np.float64]  # (T, 11)


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text that a strip may show, aligned with the network's steps."""

    digits: tuple[int, ...]
    confidence: float  # the sum over all paths that collapse to exactly these digits
    steps: tuple[int, ...]  # for each digit the step at which it is most probable
    spans: tuple[tuple[int, int], ...]  # for each digit the first and last step that it covers
    digit_probabilities: tuple[tuple[float, ...], ...]  # for each digit the probabilities of 0 to 9


def decode_text(logits: NDArray[np.float32], temperature: float = 1.0) -> DecodedText:
    """Return the most probable text."""
    return decode_texts(logits, 1, temperature)[0]


def decode_texts(
    logits: NDArray[np.float32], most: int, temperature: float = 1.0, min_ratio: float = 0.0
) -> list[DecodedText]:
    """Return up to `most` texts of one strip's (T, 11) logits, the most probable first.

    Texts with less than `min_ratio` of the first one's probability are left out; the first one is always returned.
    """
    log_probabilities = _log_softmax(logits.astype(np.float64) / temperature)
    found = _search_beam(log_probabilities)[:most]
    lowest = found[0][1] + np.log(max(min_ratio, 1e-12))
    return [_align_text(log_probabilities, digits, log) for digits, log in found if log >= lowest]


def _align_text(log_probabilities: LogProbabilities, digits: tuple[int, ...], log_probability: float) -> DecodedText:
    steps, spans = _align(log_probabilities, digits)
    rows = tuple(_digit_probabilities(log_probabilities, *pair) for pair in zip(digits, spans, strict=True))
    return DecodedText(digits, float(np.exp(log_probability)), steps, spans, rows)


def _log_softmax(logits: Floats) -> LogProbabilities:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities: LogProbabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probabilities


def _search_beam(log_probabilities: LogProbabilities) -> list[tuple[tuple[int, ...], float]]:
    """Return the most probable texts with their log probabilities, best first, by prefix beam search."""
    # For each text: the probability of paths that end in a blank, and of paths that end in its last digit.
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    scale = 0.0  # the logarithm of all factors that were divided out
    for step in np.exp(log_probabilities):  # (11,)
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        likely = [(digit, float(step[digit])) for digit in range(BLANK) if step[digit] > MIN_STEP_PROBABILITY]
        blank = float(step[BLANK])
        for text, (after_blank, after_digit) in beams.items():
            in_blank, in_digit = grown.get(text, (0.0, 0.0))
            repeated = after_digit * float(step[text[-1]]) if text else 0.0
            grown[text] = (in_blank + (after_blank + after_digit) * blank, in_digit + repeated)
            for digit, probability in likely:
                before = after_blank if text and text[-1] == digit else after_blank + after_digit
                if before > 0:
                    longer = (*text, digit)
                    in_blank, in_digit = grown.get(longer, (0.0, 0.0))
                    grown[longer] = (in_blank, in_digit + before * probability)
        best = sorted(grown.items(), key=lambda item: -sum(item[1]))[:BEAM_WIDTH]
        total = sum(best[0][1])
        scale += float(np.log(total))
        beams = {text: (after_blank / total, after_digit / total) for text, (after_blank, after_digit) in best}
    ranked = sorted(((text, sum(parts)) for text, parts in beams.items()), key=lambda item: -item[1])
    return [(text, float(np.log(probability) + scale)) for text, probability in ranked if probability > 0]


def _align(
    log_probabilities: LogProbabilities, digits: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Return the steps and spans of `digits` on the single most probable path (Viterbi)."""
    if not digits:
        return (), ()
    states = [BLANK]
    for digit in digits:
        states += [digit, BLANK]
    classes = np.array(states)  # blank, first digit, blank, second digit, ...
    may_skip = np.zeros(len(states), bool)  # the blank between two different digits is optional
    may_skip[3::2] = classes[3::2] != classes[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = log_probabilities[0, classes[:2]]
    back = np.zeros((len(log_probabilities), len(states)), int)
    for time, step in enumerate(log_probabilities[1:], start=1):
        stay, move = score, np.concatenate([[-np.inf], score[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        options = np.stack([stay, move, skip])
        back[time] = options.argmax(axis=0)
        score = options.max(axis=0) + step[classes]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    backwards = [state]
    for time in range(len(log_probabilities) - 1, 0, -1):
        state -= back[time, state]
        backwards.append(state)
    path = np.array(backwards[::-1])  # (T,)
    spans = [(int(at[0]), int(at[-1])) for at in (np.flatnonzero(path == 2 * i + 1) for i in range(len(digits)))]
    steps = [
        first + int(log_probabilities[first : last + 1, digit].argmax())
        for (first, last), digit in zip(spans, digits, strict=True)
    ]
    return tuple(steps), tuple(spans)


def _digit_probabilities(log_probabilities: LogProbabilities, digit: int, span: tuple[int, int]) -> tuple[float, ...]:
    """Return the probabilities of 0 to 9 at the digit's best step, given that some digit stands there."""
    rows = log_probabilities[span[0] : span[1] + 1, :BLANK]
    best = rows[int(rows[:, digit].argmax())]
    shares = np.exp(best - best.max())
    return tuple((shares / shares.sum()).tolist())
