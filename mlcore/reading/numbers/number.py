"""The reading of a number: which line of ink holds it, its text, and the ink of each digit.

The line network proposes texts and the place of each digit. The digit network then classifies each digit's own ink.
The proposal with the highest score is read. Printed boxes need no cutting: each holds one digit.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from mlcore.reading.arrays import Floats, InkBox
from mlcore.reading.budget import PAGE_UNITS, STRIP_UNITS, WorkBudget
from mlcore.reading.engine import Engine
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.layout.regions import Region, find_regions, separate_digits, tall_pieces
from mlcore.reading.layout.segment import (
    LOOSE,
    STIFF,
    DigitCrop,
    DigitCutter,
    SignInk,
    crop_box,
    crop_printed_boxes,
)
from mlcore.reading.layout.strip import Strip, cut_strip
from mlcore.reading.layout.text_lines import TextLine
from mlcore.reading.numbers.ctc import DecodedText, decode_texts
from mlcore.reading.numbers.expected import choose_expected
from mlcore.reading.numbers.found import FoundDigit, FoundNumber, FoundSign
from mlcore.reading.numbers.weights import Placement, Weights
from mlcore.reading.trace import Trace, no_trace

MAX_REGIONS, MAX_TEXTS = 2, 6  # the best regions, and the best texts of each, that are cut and scored
MAX_LINE_TEXTS = 3  # the best texts of each line of a page
MAX_FITTING_TEXTS = 2  # the best texts that fit an expectation, which are tried too
MAX_UNFITTING_TEXTS = 2  # the best texts that do not fit an expectation; with those that fit they are enough to compare
SURE_TEXT = 0.5  # with a text of this confidence that fits no other that fits is searched
SURE_LINE = 0.9  # with a line of this confidence no other region is tried
MIN_RATIO = 0.02  # a text's probability beside the best text's; below it the text is not tried
UNREAD_PROBABILITY = 0.5  # assumed for the line network when it read another number of digits than boxes hold
FLOOR = 0.01
TALL_SIGNS = frozenset("/+%$€£")  # may be as tall as a digit
TWO_AS_ONE = 0.1  # share of the connected pieces classified as one digit that are really two


@dataclass(frozen=True, slots=True)
class ClassifiedCrop:
    """One crop and the digit network's result for it."""

    crop: DigitCrop
    probabilities: Floats  # (10,)
    is_digit: float


class DigitClassifier:
    """The digit network with a cache: proposals for one picture share many crops."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cache: dict[bytes, tuple[Floats, float]] = {}

    def classify(self, crops: Sequence[DigitCrop]) -> list[ClassifiedCrop]:
        new = {crop.input.tobytes(): crop.input for crop in crops if crop.input.tobytes() not in self.cache}
        if new:
            scores = self.engine.classify(np.stack(list(new.values())))
            for key, row, is_digit in zip(new, scores.probabilities, scores.is_digit, strict=True):
                self.cache[key] = (row.astype(np.float64), float(is_digit))
        return [ClassifiedCrop(crop, *self.cache[crop.input.tobytes()]) for crop in crops]


@dataclass(frozen=True, slots=True)
class Search:
    """The state that all proposals for one picture share."""

    classifier: DigitClassifier
    weights: Weights
    budget: WorkBudget


def find_number(
    ink: Ink,
    engine: Engine,
    trace: Trace = no_trace,
    weights: Weights | None = None,
    expectation: Expectation | None = None,
) -> FoundNumber | None:
    """Return the number with the highest score, or None where no line holds a digit.

    With an expectation it is the one that fits best. Raise TooComplexError if that would take more work than one
    picture may. `weights` default to those of the model's card.
    """
    found = propose_numbers(ink, engine, weights or Weights.from_card(engine.artifact.card.thresholds), expectation)
    if not found:
        return None
    numbers = [replace(number, noise=ink.noise) for number, _ in found]
    place = max(range(len(numbers)), key=lambda number: numbers[number].score)
    best = numbers[place]
    if expectation:
        place, best = choose_expected(numbers, expectation)
    strip = found[place][1]
    trace("line", strip.image)
    trace("digits", np.hstack([digit.input for digit in best.digits]))
    return best


def propose_numbers(
    ink: Ink, engine: Engine, weights: Weights, expectation: Expectation | None = None
) -> list[tuple[FoundNumber, Strip]]:
    """Return every number that the picture may show, each with the strip from which it was read."""
    search = Search(DigitClassifier(engine), weights, WorkBudget())
    return [
        (number, strip)
        for region, strip, texts in find_strips(ink, engine, search.budget, expectation)
        for number in propose_in_region(region, strip, texts, search)
    ]


def find_strips(
    ink: Ink, engine: Engine, budget: WorkBudget, expectation: Expectation | None = None
) -> list[tuple[Region, Strip, list[DecodedText]]]:
    """Return the lines that may hold the number with their strips and texts, the most promising first.

    An expectation changes the texts only.
    """
    strips = []
    for region in find_regions(ink, small_marks=bool(engine.signs)):
        budget.spend(STRIP_UNITS * region.box[2] * region.box[3])
        if strip := cut_strip(region.strength, region.box):
            strips.append((region, strip))
    images = {image_key(strip): strip.image for _, strip in strips}  # several regions often give the same strip
    logits = engine.classify_strips(list(images.values()))
    all_texts = {
        key: decode_texts(strip_logits, MAX_TEXTS, min_ratio=MIN_RATIO, signs=engine.signs)
        for key, strip_logits in zip(images, logits, strict=True)
    }
    lines = [(region, strip, all_texts[image_key(strip)]) for region, strip in strips]
    lines.sort(key=lambda line: -region_score(line[2][0], line[0]))
    lines = lines[:1] if lines and lines[0][2][0].confidence > SURE_LINE else lines[:MAX_REGIONS]
    if expectation is None:
        return lines
    logits_by_key = dict(zip(images, logits, strict=True))
    expected_texts = {
        key: choose_texts(all_texts[key], logits_by_key[key], engine.signs, expectation)
        for key in {image_key(strip) for _, strip, _ in lines}
    }
    return [(region, strip, expected_texts[image_key(strip)]) for region, strip, _ in lines]


def image_key(strip: Strip) -> tuple[int, bytes]:
    return strip.image.shape[1], strip.image.tobytes()


def choose_texts(
    texts: Sequence[DecodedText], logits: NDArray[np.float32], signs: str, expectation: Expectation
) -> list[DecodedText]:
    """Return the texts that are tried under an expectation, also those that the best ones left no place for."""
    fitting = [text for text in texts if expectation.may_be(text.written)]
    unfitting = [text for text in texts if text not in fitting][:MAX_UNFITTING_TEXTS]
    if not (fitting and fitting[0] is texts[0] and texts[0].confidence > SURE_TEXT):
        known = {text.digits for text in texts}
        found = decode_texts(logits, MAX_FITTING_TEXTS, signs=signs, wanted=expectation)
        fitting += [text for text in found if text.digits not in known]
    return [*fitting, *unfitting]


def find_numbers(
    ink: Ink, lines: Sequence[TextLine], engine: Engine, expectation: Expectation | None = None
) -> list[FoundNumber | None]:
    """Return the number of each line, or None where it holds no digit. Boxes are those of the levelled page.

    Raise TooComplexError if that would take more work than one page may.
    """
    weights = Weights.from_card(engine.artifact.card.thresholds)
    search = Search(DigitClassifier(engine), weights, WorkBudget(PAGE_UNITS))
    regions = [Region((0, 0, *line.box[2:]), line.strength, 1.0) for line in lines]
    strips = [cut_strip(region.strength, region.box) for region in regions]
    all_logits = iter(engine.classify_strips([strip.image for strip in strips if strip]))
    numbers: list[FoundNumber | None] = []
    for line, region, strip in zip(lines, regions, strips, strict=True):
        if strip is None:
            numbers.append(None)
            continue
        line_logits = next(all_logits)
        texts = decode_texts(line_logits, MAX_LINE_TEXTS, min_ratio=MIN_RATIO, signs=engine.signs)
        if expectation:
            texts = choose_texts(texts, line_logits, engine.signs, expectation)
        found = [replace(number, noise=ink.noise) for number in propose_in_region(region, strip, texts, search)]
        best = max(found, key=lambda number: number.score, default=None)
        if best and expectation:
            best = choose_expected(found, expectation)[1]
        numbers.append(move_number(best, line.box[:2]) if best else None)
    return numbers


def move_number(number: FoundNumber, by: tuple[int, int]) -> FoundNumber:
    """Return the number with its boxes moved."""

    def move(box: InkBox) -> InkBox:
        return box[0] + by[0], box[1] + by[1], box[2], box[3]

    digits = tuple(replace(digit, box=move(digit.box)) for digit in number.digits)
    return replace(number, digits=digits, signs=tuple(replace(sign, box=move(sign.box)) for sign in number.signs))


def region_score(text: DecodedText, region: Region) -> float:
    """Return how promising a region is: confident, long texts in most of the ink come first."""
    return float(text.confidence * len(text.digits) * np.sqrt(region.share))


def propose_in_region(
    region: Region, strip: Strip, texts: Sequence[DecodedText], search: Search
) -> Iterator[FoundNumber]:
    """Yield the numbers that one line of ink may show."""
    if region.printed_boxes:
        for number in propose_in_boxes(region, texts, search, unread=UNREAD_PROBABILITY):
            yield replace(number, is_in_printed_boxes=True)
        return
    pieces = tall_pieces(region)
    apart = separate_digits(pieces, region.box[3])
    if apart and all(count_tall(text) != len(apart) for text in texts):  # the line network missed or doubled a digit
        known = [text.confidence for text in texts]
        unread = max(0.0, min(*known, 1 - sum(known)))  # at most what its own texts have, or leave to all others
        yield from propose_in_boxes(replace(region, printed_boxes=apart), texts, search, unread=unread)
    cutter = DigitCutter(region, strip, search.budget)
    crop_piece = cache(partial(crop_box, region, search.budget))
    for text in texts:
        if not text.digits:
            continue
        rival = max((other.confidence for other in texts if other is not text), default=0.0)
        for crops, sign_inks in segmentations(cutter, text):
            pairs = [(crop, row) for crop, row in zip(crops, text.digit_probabilities, strict=True) if crop]
            if pairs:
                classified = search.classifier.classify([crop for crop, _ in pairs])
                missing = 0.5 ** (len(crops) - len(pairs))
                split = log_split_probability(
                    [each.crop.box for each in classified], pieces, crop_piece, search.classifier
                )
                rows = [row for _, row in pairs]
                signs = place_signs(text, sign_inks, [crop is not None for crop in crops])
                number = score_number(
                    region, classified, rows, text.confidence * missing, rival, search.weights, split, signs
                )
                yield replace(number, signs_confidence=text.signs_confidence)


def count_tall(text: DecodedText) -> int:
    """Count the digits and the signs that may be as tall as digits."""
    return len(text.digits) + sum(sign.sign in TALL_SIGNS for sign in text.signs)


def segmentations(cutter: DigitCutter, text: DecodedText) -> Iterator[tuple[list[DigitCrop | None], list[SignInk]]]:
    """Yield the line cut along the least ink, and also cut nearly straight where that makes a difference."""
    steps, signs = text.all_steps, text.sign_places
    loose = cutter.cut(steps, LOOSE, signs)
    yield loose, cutter.find_signs(steps, LOOSE, signs)
    if any(crop and crop.is_cut for crop in loose):
        yield cutter.cut(steps, STIFF, signs), cutter.find_signs(steps, STIFF, signs)


def place_signs(text: DecodedText, inks: Sequence[SignInk], has_ink: Sequence[bool]) -> tuple[FoundSign, ...]:
    """Return the signs of a text. Digits without ink, which are left out of the number, do not count for places."""
    return tuple(
        FoundSign(sign.sign, sum(has_ink[: sign.before_glyph]), found.box, sign.confidence, found.ink)
        for sign, found in zip(text.signs, inks, strict=True)
    )


def log_split_probability(
    digits: Sequence[InkBox],
    pieces: Sequence[InkBox],
    crop_piece: Callable[[InkBox], DigitCrop | None],
    classifier: DigitClassifier,
) -> float:
    """Return the log probability that no connected piece in which several digits were read is a single digit."""
    middles = [x + width / 2 for x, _, width, _ in digits]
    split = [box for box in pieces if sum(box[0] <= middle <= box[0] + box[2] for middle in middles) > 1]
    classified = classifier.classify([crop for box in split if (crop := crop_piece(box))])
    return float(sum(np.log1p(TWO_AS_ONE - each.probabilities.max() * each.is_digit) for each in classified))


def propose_in_boxes(
    region: Region, texts: Sequence[DecodedText], search: Search, unread: float
) -> Iterator[FoundNumber]:
    """Yield the number with one digit for each box that holds ink.

    The line network counts if it read as many digits; otherwise `unread` stands for its probability.
    """
    classified = search.classifier.classify(crop_printed_boxes(region, search.budget))
    if not classified:
        return
    text = next((text for text in texts if len(text.digits) == len(classified)), None)
    rows = text.digit_probabilities if text else [(0.1,) * 10] * len(classified)
    rival = max((other.confidence for other in texts if other is not text), default=0.0)
    confidence = text.confidence if text else unread
    yield score_number(region, classified, rows, confidence, rival, search.weights, split=0.0)


def score_number(
    region: Region,
    classified: Sequence[ClassifiedCrop],
    line_probabilities: Sequence[Sequence[float]],  # for each crop the line network's (10,)
    line: float,
    rival: float,
    weights: Weights,
    split: float,
    signs: tuple[FoundSign, ...] = (),
) -> FoundNumber:
    """Combine both networks' results for the digits of one proposal, and score it."""
    digits = tuple(
        combine_networks(region, each, row, weights) for each, row in zip(classified, line_probabilities, strict=True)
    )
    all_ink = max(float(region.strength.sum()) / region.share, 1e-6)
    explained = min(1.0, (sum(each.crop.ink for each in classified) + sum(sign.ink for sign in signs)) / all_ink)
    digits_log = sum(
        np.log(each.probabilities[found.digit] * each.is_digit + FLOOR)
        for each, found in zip(classified, digits, strict=True)
    )
    overlooked = len(digits) * (1 - explained) / max(explained, 0.1)
    features = np.array(
        [
            np.log(line + 1e-6),
            digits_log,
            len(classified),
            np.log(explained + 0.05),
            -overlooked,
            np.log(region.share),
            split,
        ]
    )
    score = float(weights.feature_weights @ features)
    return FoundNumber(digits, line, rival, explained, features, score, signs)


def combine_networks(
    region: Region, classified: ClassifiedCrop, line_probabilities: Sequence[float], weights: Weights
) -> FoundDigit:
    """Weight the results of both networks for one digit. A crop that looks like no digit has little influence."""
    placement: Placement = "boxed" if region.printed_boxes else "cut" if classified.crop.is_cut else "whole"
    is_digit = classified.is_digit
    digit_probabilities = classified.probabilities * is_digit + (1 - is_digit) / 10 + 1e-3
    log_probabilities = np.stack(
        [np.log(np.array(line_probabilities) + 1e-6), np.log(digit_probabilities)], axis=1
    )  # (10, 2)
    logs = log_probabilities @ weights.network_weights[placement]
    shares = np.exp(logs - logs.max())
    crop = classified.crop
    return FoundDigit(crop.box, crop.input, shares / shares.sum(), is_digit, placement, log_probabilities)
