"""From what the line network says at every step to the digits it has read, and how sure it is of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 10  # the class of "no digit here"
BEAM = 12  # texts kept while reading
FAINTEST = 1e-3  # a digit less likely than this at a step starts no new text there

Logs = NDArray[np.float64]  # (T, 11) log probabilities


@dataclass(frozen=True, slots=True)
class Text:
    digits: tuple[int, ...]
    confidence: float  # that exactly this is written: the sum over every way of saying it
    steps: tuple[int, ...]  # for each digit the step at which it is seen best
    spans: tuple[tuple[int, int], ...]  # for each digit the steps it covers: first, last
    beliefs: tuple[tuple[float, ...], ...]  # for each digit ten probabilities


def read_text(logits: NDArray[np.float32], temperature: float = 1.0) -> Text:
    return read_texts(logits, 1, temperature)[0]


def read_texts(logits: NDArray[np.float32], most: int, temperature: float = 1.0, hopeless: float = 0.0) -> list[Text]:
    """The likeliest texts, best first, at least one; none with less than `hopeless` of the best one's probability.

    `logits` (T, 11) of one strip.
    """
    logs = _log_softmax(logits.astype(np.float64) / temperature)
    found = _beam(logs)[:most]
    least = found[0][1] + np.log(max(hopeless, 1e-12))
    return [_text(logs, digits, chance) for digits, chance in found if chance >= least]


def _text(logs: Logs, digits: tuple[int, ...], chance: float) -> Text:
    steps, spans = _align(logs, digits)
    beliefs = tuple(_belief(logs, digit, span) for digit, span in zip(digits, spans, strict=True))
    return Text(digits, float(np.exp(chance)), steps, spans, beliefs)


def _log_softmax(logits: Logs) -> Logs:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs: Logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _beam(logs: Logs) -> list[tuple[tuple[int, ...], float]]:
    """Prefix beam search: the likeliest texts with their log probabilities, best first."""
    # each text: probability of the ways that end in a blank, and of those that end in its last digit
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    scale = 0.0  # the logarithm of what was divided out so far
    for step in np.exp(logs):  # (11,)
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        likely = [(digit, float(step[digit])) for digit in range(BLANK) if step[digit] > FAINTEST]
        blank = float(step[BLANK])
        for text, (ended, open_) in beams.items():
            in_blank, in_digit = grown.get(text, (0.0, 0.0))
            stays = open_ * float(step[text[-1]]) if text else 0.0
            grown[text] = (in_blank + (ended + open_) * blank, in_digit + stays)
            for digit, chance in likely:
                before = ended if text and text[-1] == digit else ended + open_
                if before > 0:
                    longer = (*text, digit)
                    in_blank, in_digit = grown.get(longer, (0.0, 0.0))
                    grown[longer] = (in_blank, in_digit + before * chance)
        kept = sorted(grown.items(), key=lambda item: -sum(item[1]))[:BEAM]
        total = sum(kept[0][1])
        scale += float(np.log(total))
        beams = {text: (ended / total, open_ / total) for text, (ended, open_) in kept}
    ranked = sorted(((text, sum(chances)) for text, chances in beams.items()), key=lambda item: -item[1])
    return [(text, float(np.log(chance) + scale)) for text, chance in ranked if chance > 0]


def _align(logs: Logs, digits: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """The single likeliest way to say `digits`: where each is said."""
    if not digits:
        return (), ()
    states = [BLANK]
    for digit in digits:
        states += [digit, BLANK]
    chosen = np.array(states)  # blank, first digit, blank, second digit, ...
    may_skip = np.zeros(len(states), bool)  # over the blank between two different digits
    may_skip[3::2] = chosen[3::2] != chosen[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = logs[0, chosen[:2]]
    back = np.zeros((len(logs), len(states)), int)
    for time, step in enumerate(logs[1:], start=1):
        stay, move = score, np.concatenate([[-np.inf], score[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], score[:-2]]), -np.inf)
        ways = np.stack([stay, move, skip])
        back[time] = ways.argmax(axis=0)
        score = ways.max(axis=0) + step[chosen]
    state = len(states) - 1 if score[-1] >= score[-2] else len(states) - 2
    path = [state]
    for time in range(len(logs) - 1, 0, -1):
        state -= back[time, state]
        path.append(state)
    said = np.array(path[::-1])  # (T,)
    spans = [(int(at[0]), int(at[-1])) for at in (np.flatnonzero(said == 2 * i + 1) for i in range(len(digits)))]
    steps = [a + int(logs[a : b + 1, digit].argmax()) for (a, b), digit in zip(spans, digits, strict=True)]
    return tuple(steps), tuple(spans)


def _belief(logs: Logs, digit: int, span: tuple[int, int]) -> tuple[float, ...]:
    """What the network thinks stands here, were it sure that a digit does."""
    seen = logs[span[0] : span[1] + 1, :BLANK]
    best = seen[int(seen[:, digit].argmax())]
    shares = np.exp(best - best.max())
    return tuple((shares / shares.sum()).tolist())
