"""The reader: it turns the bytes of a picture into a reading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlcore.artifact import Artifact
from mlcore.reading.answers.assembly import account_for_ink, answer_boxes, join_lines, locate_number, to_original_box
from mlcore.reading.answers.decide import Verdict, judge_digit, judge_number
from mlcore.reading.answers.unread_ink import find_unread
from mlcore.reading.arrays import InkBox
from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine
from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.files.decode import Picture, decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.ink.extraction import Ink
from mlcore.reading.layout.text_lines import find_lines
from mlcore.reading.numbers.expected import fit_digit
from mlcore.reading.numbers.found import FoundNumber
from mlcore.reading.numbers.number import find_number, find_numbers
from mlcore.reading.prepared_image import (
    PreparedImage,
    is_narrow_piece,
    prepare_image,
    prepare_or_error,
    split_in_batches,
)
from mlcore.reading.result import MAX_GLYPHS, MAX_LINES, Box, Glyph, Line, Mode, Reading, Reason, Sign, UnreadInk
from mlcore.reading.trace import Trace, no_trace
from mlcore.reading.written import DecimalMark, DecimalRule, settle_values, surrounding_box, write_number

SURE_DIGIT = 0.9  # a single piece of ink with this confidence as a digit is not also read as a line
SINGLE_PIECE_MARGIN = 1.1  # a narrow single piece is read as a number only if that is so many times more confident


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """Options of a reading, beside the picture."""

    mode: Mode
    decimal_rule: DecimalRule | None  # what a point or a comma means
    expectation: Expectation | None

    @classmethod
    def of(cls, mode: Mode, decimal: DecimalMark | None, expectation: Expectation | None) -> "ReadingOptions":
        """Return the options, with a decimal mark for the expectation too, unless it knows better."""
        if expectation is None or expectation.is_empty:
            return cls(mode, decimal, None)
        if decimal and expectation.decimal is None:
            expectation = replace(expectation, decimal=decimal)
        return cls(mode, expectation.decimal_rule, expectation)


class Reader:
    """The digit reader of one model. Threads may share it."""

    def __init__(self, artifact: Artifact) -> None:
        self.engine = Engine(artifact)
        self.version = artifact.version
        self.thresholds = artifact.card.thresholds

    def read(
        self,
        data: bytes,
        mode: Mode = "auto",
        trace: Trace = no_trace,
        *,
        decimal: DecimalMark | None = None,
        expectation: Expectation | None = None,
    ) -> Reading:
        return self.read_picture(decode(data), mode, trace, decimal=decimal, expectation=expectation)

    def read_picture(
        self,
        picture: Picture,
        mode: Mode = "auto",
        trace: Trace = no_trace,
        *,
        decimal: DecimalMark | None = None,
        expectation: Expectation | None = None,
    ) -> Reading:
        """Read one picture. `decimal` settles what a point or a comma means; without it that may stay unknown."""
        options = ReadingOptions.of(mode, decimal, expectation)
        return self.read_all([prepare_image(picture, mode, trace)], options, trace)[0]

    def read_pictures(
        self,
        pictures: Iterable[Picture],
        mode: Mode = "auto",
        *,
        decimal: DecimalMark | None = None,
        expectation: Expectation | None = None,
    ) -> list[Reading]:
        """Read many pictures in batches. Only the ink of one batch is kept in memory."""
        options = ReadingOptions.of(mode, decimal, expectation)
        prepared = (prepare_image(picture, mode) for picture in pictures)
        return [reading for batch in split_in_batches(prepared) for reading in self.read_all(batch, options)]

    def read_many(
        self,
        pictures: Sequence[bytes],
        mode: Mode = "auto",
        *,
        decimal: DecimalMark | None = None,
        expectation: Expectation | None = None,
    ) -> list[Reading | PictureError]:
        """Read many files in batches. A file that cannot be decoded has its error in its place."""
        options = ReadingOptions.of(mode, decimal, expectation)
        answers: list[Reading | PictureError] = []
        for batch in split_in_batches(prepare_or_error(data, mode) for data in pictures):
            readings = iter(self.read_all([image for image in batch if isinstance(image, PreparedImage)], options))
            answers += [image if isinstance(image, PictureError) else next(readings) for image in batch]
        return answers

    def read_all(self, images: list[PreparedImage], options: ReadingOptions, trace: Trace = no_trace) -> list[Reading]:
        """Read one batch: all images in one call of the digit network."""
        if not images:
            return []
        scores = self.engine.classify(np.stack([image.input for image in images]))  # (N, 28, 28) uint8
        rows = zip(images, scores.probabilities, scores.is_digit, strict=True)
        return [
            settle_values(self.read_one(image, row, float(is_digit), options, trace), options.decimal_rule)
            for image, row, is_digit in rows
        ]

    def read_one(
        self,
        image: PreparedImage,
        probabilities: NDArray[np.float32],
        is_digit: float,
        options: ReadingOptions,
        trace: Trace,
    ) -> Reading:
        """Choose between one digit, a number and several lines. The probabilities are those of all ink as one digit."""
        digit = self.make_digit_reading(image, probabilities, is_digit, options.expectation)
        if image.ink is None or not self.engine.reads_lines:
            return digit
        try:
            if options.mode == "lines" and (page := self.read_page(image, image.ink, options.expectation)):
                return page
            return self.choose_answer(image, image.ink, digit, options, trace)
        except TooComplexError:
            return self.make_rejection(image, "too_complex")

    def choose_answer(
        self, image: PreparedImage, ink: Ink, digit: Reading, options: ReadingOptions, trace: Trace
    ) -> Reading:
        """Choose between one digit and a number, and account for the ink that the answer leaves out."""
        is_free = options.mode in ("auto", "lines")  # to find one digit or a number
        is_sure_digit = digit.confidence >= SURE_DIGIT and digit.reason != "unexpected"
        if is_free and is_narrow_piece(image) and is_sure_digit:
            return account_for_ink(digit, image.scale, ink)
        found = find_number(ink, self.engine, trace, expectation=options.expectation)
        number = self.make_number_reading(image, found) if found else None
        if found is None or number is None or not is_number_better(image, digit, number, found, options.mode):
            return account_for_ink(digit, image.scale, ink)
        # Around the boxes of a form lies its print.
        return number if found.is_in_printed_boxes else account_for_ink(number, image.scale, ink)

    def read_page(self, image: PreparedImage, ink: Ink, expectation: Expectation | None) -> Reading | None:
        """Return the reading of all lines, or None where fewer than two hold a number."""
        page = find_lines(ink.strength, MAX_LINES + 1)
        if len(page.lines) < 2 or image.box is None:
            return None
        if len(page.lines) > MAX_LINES:
            raise TooComplexError
        readings: list[Reading] = []
        unread: list[UnreadInk] = []
        for line, number in zip(page.lines, find_numbers(ink, page.lines, self.engine, expectation), strict=True):
            reading = self.make_number_reading(image, locate_number(number, page)) if number else None
            if reading is not None and reading.decision != "rejected":
                readings.append(reading)
            else:
                unread.append(UnreadInk(self.to_box(image, page.locate(line.box)), "text_line"))
        if len(readings) < 2:
            return None
        if sum(len(reading.glyphs) for reading in readings) > MAX_GLYPHS:
            raise TooComplexError
        boxes = [box for reading in readings for box in answer_boxes(reading, image.scale)]
        pieces = find_unread(ink, boxes, len(readings))
        unread += [UnreadInk(self.to_box(image, piece.box), piece.kind) for piece in pieces]
        return join_lines(readings, unread)

    def to_box(self, image: PreparedImage, box: InkBox) -> Box:
        return to_original_box(box, image.scale, image.width, image.height)

    def make_digit_reading(
        self,
        image: PreparedImage,
        probabilities: NDArray[np.float32],
        is_digit: float,
        expectation: Expectation | None,
    ) -> Reading:
        """Return the reading of all ink as one digit."""
        if image.box is None:
            return self.make_rejection(image, "no_ink")
        digit, shares, fitting = int(probabilities.argmax()), probabilities.astype(np.float64), None
        if expectation:
            digit, shares, fitting = fit_digit(shares, expectation)
        is_digit *= image.ink_likelihood
        confidence = is_digit * float(shares[digit])
        glyph = Glyph(image.box, digit, confidence, tuple(float(p) for p in shares), image.input)
        verdict = judge_digit(confidence, is_digit, image.doubt, self.thresholds, fitting)
        return self.make_reading(image, str(digit), verdict, (glyph,))

    def make_rejection(self, image: PreparedImage, reason: Reason) -> Reading:
        return Reading("", "rejected", reason, 0.0, (), self.version, image.width, image.height)

    def make_number_reading(self, image: PreparedImage, found: FoundNumber) -> Reading:
        """Return the reading of the ink as a number."""
        glyphs = tuple(
            Glyph(
                to_original_box(digit.box, image.scale, image.width, image.height),
                digit.digit,
                digit.is_digit * float(digit.probabilities[digit.digit]),
                tuple(float(p) for p in digit.probabilities),
                digit.input,
            )
            for digit in found.digits
        )
        signs = tuple(
            Sign(
                to_original_box(sign.box, image.scale, image.width, image.height),
                sign.sign,
                sign.confidence,
                sign.before_glyph,
            )
            for sign in found.signs
        )
        return self.make_reading(image, found.text, judge_number(found, image.doubt, self.thresholds), glyphs, signs)

    def make_reading(
        self,
        image: PreparedImage,
        text: str,
        verdict: Verdict,
        glyphs: tuple[Glyph, ...],
        signs: tuple[Sign, ...] = (),
    ) -> Reading:
        decision, reason, confidence = verdict.decision, verdict.reason, verdict.confidence
        size = (image.width, image.height)
        if decision == "rejected":
            return Reading("", decision, reason, confidence, glyphs, self.version, *size)
        box, written = surrounding_box([*glyphs, *signs]), write_number(text, signs)
        line = Line(box, text, written, None, confidence, decision, reason, glyphs, signs)
        answer = (text, decision, reason, confidence, glyphs, self.version)
        return Reading(*answer, *size, written=written, signs=signs, lines=(line,))


def is_number_better(image: PreparedImage, digit: Reading, number: Reading, found: FoundNumber, mode: Mode) -> bool:
    """Return whether the number is the answer, and not the one digit."""
    is_free = mode in ("auto", "lines")
    fewest = 1 if image.box else 2  # printed patterns easily yield a single stroke
    if len(found.digits) < fewest or (number.decision == "rejected" and (is_free or not image.box)):
        return False
    if mode == "number":
        return True
    is_one_unexpected = "unexpected" in (digit.reason, number.reason) and digit.reason != number.reason
    if is_one_unexpected and digit.decision != "rejected":
        return digit.reason == "unexpected"
    is_likelier = number.confidence > (SINGLE_PIECE_MARGIN if is_narrow_piece(image) else 1.0) * digit.confidence
    return len(found.digits) + len(found.signs) > 1 and is_likelier
