from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mlcore.reading.engine import Engine
from mlcore.reading.files.decode import decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.prepared_image import prepare_image
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode, Reading
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import Spacing, write_line
from mlcore.training.synthesis.sheets import SECURITY, render_sheet
from tests import corpus
from tests.pictures import digit_png, draw_digit, encode

DIGITS = range(10)


def read(reader: Reader, image: Image.Image) -> Reading:
    return reader.read(encode(image), "digit")


def placed(digit: int, size: int, column: int, row: int) -> Image.Image:
    """Draw a digit of a given size at one of nine places."""
    canvas = Image.new("RGB", (600, 600), "white")
    drawn = draw_digit(digit, size=400).convert("L").point(lambda level: 255 if level > 150 else 0)
    drawn = drawn.crop(Image.eval(drawn, lambda level: 255 - level).getbbox())
    drawn.thumbnail((size, size))
    free = (600 - 20 - drawn.width, 600 - 20 - drawn.height)
    canvas.paste(drawn.convert("RGB"), (10 + free[0] * column // 2, 10 + free[1] * row // 2))
    return canvas


@pytest.mark.parametrize("digit", DIGITS)
def test_place_and_size_of_a_digit_do_not_change_the_answer(digit: int, reader: Reader) -> None:
    answers = {
        read(reader, placed(digit, size, column, row)).text
        for size in (60, 160, 400)
        for column in range(3)
        for row in range(3)
    }
    assert answers == {str(digit)}


@pytest.mark.parametrize("digit", DIGITS)
def test_exif_orientation_does_not_change_the_answer(digit: int, reader: Reader) -> None:
    upright = corpus.with_exif_orientation(1, draw_digit(digit))
    plain = reader.read(upright, "digit")
    for orientation, turn in ((6, 90), (3, 180), (8, 270)):
        turned = draw_digit(digit).rotate(turn, expand=True)
        reading = reader.read(corpus.with_exif_orientation(orientation, turned), "digit")
        assert (reading.text, reading.decision) == (plain.text, plain.decision)
        assert np.abs(reading.glyphs[0].input.astype(int) - plain.glyphs[0].input).mean() < 2  # JPEG's blocks differ


@pytest.mark.parametrize("digit", DIGITS)
def test_inverted_colours_read_the_same(digit: int, reader: Reader) -> None:
    image = draw_digit(digit)
    inverted = Image.eval(image, lambda level: 255 - level)
    assert np.array_equal(read(reader, image).glyphs[0].input, read(reader, inverted).glyphs[0].input)


def test_most_drawn_digits_are_read(reader: Reader) -> None:
    cases = [(digit, seed) for digit in DIGITS for seed in range(5)]
    right = sum(read(reader, draw_digit(digit, seed=seed)).text == str(digit) for digit, seed in cases)
    assert right >= 49


def test_the_box_surrounds_the_ink_in_the_originals_pixels(reader: Reader) -> None:
    image = Image.new("L", (3000, 2000), 255)
    image.paste(0, (2000, 500, 2060, 1500))
    for data in (encode(image), corpus.with_exif_orientation(6, image.rotate(90, expand=True))):
        box = reader.read(data, "digit").glyphs[0].box
        assert abs(box.x - 2000) <= 6
        assert abs(box.y - 500) <= 6
        assert abs(box.width - 60) <= 12
        assert abs(box.height - 1000) <= 12


def test_a_batch_gives_the_same_answers_as_single_pictures(reader: Reader) -> None:
    pictures = [digit_png(digit, size=120 + 40 * digit) for digit in DIGITS]
    together = reader.read_many(pictures, "digit")
    for data, reading in zip(pictures, together, strict=True):
        alone = reader.read(data, "digit")
        assert isinstance(reading, Reading)
        assert (reading.text, reading.decision, reading.glyphs[0].box) == (
            alone.text,
            alone.decision,
            alone.glyphs[0].box,
        )
        assert reading.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_a_damaged_picture_does_not_affect_the_rest_of_the_batch(reader: Reader) -> None:
    answers = reader.read_many([digit_png(7), b"rubbish", digit_png(3)], "digit")
    assert isinstance(answers[1], PictureError)
    assert [answer.text for answer in answers if isinstance(answer, Reading)] == ["7", "3"]


def test_an_empty_batch_gives_no_answers(reader: Reader) -> None:
    assert reader.read_many([]) == []


def test_a_reading_has_all_its_fields(reader: Reader) -> None:
    reading = reader.read(digit_png(7, size=300), "digit")
    glyph = reading.glyphs[0]
    assert (reading.width, reading.height, reading.model) == (300, 300, reader.version)
    assert sum(glyph.probabilities) == pytest.approx(1, abs=1e-5)
    assert glyph.confidence <= glyph.probabilities[glyph.digit] == max(glyph.probabilities)
    assert (glyph.input.shape, glyph.input.dtype) == ((28, 28), np.uint8)


def test_a_digit_of_a_few_pixels_is_too_small(reader: Reader) -> None:
    image = Image.new("L", (200, 200), 255)
    image.paste(0, (100, 100, 104, 102))
    reading = read(reader, image)
    assert reading.decision != "read"
    assert reading.reason == "too_small"


@pytest.mark.parametrize("side", range(4))
def test_ink_at_the_pictures_edge_is_cut_off(side: int) -> None:
    whole = draw_digit(8).rotate(90 * side, fillcolor="white")
    _, top, _, bottom = Image.eval(whole.convert("L"), lambda level: 255 * (level < 128)).getbbox() or (0,) * 4
    cut = whole.crop((0, (top + bottom) // 2, *whole.size)).rotate(-90 * side, expand=True)
    assert prepare_image(decode(encode(whole)), "digit").doubt is None
    assert prepare_image(decode(encode(cut)), "digit").doubt == "cut_off"


def test_a_number_is_read_on_print_that_hides_single_digits(reader: Reader) -> None:
    printed = (on_bold_print("31", seed) for seed in range(400))
    hidden = list(islice((p for p in printed if reader.read(p, "digit").reason == "no_ink"), 10))
    assert len(hidden) == 10
    for mode in ("number", "auto"):
        readings = [reader.read(picture, mode) for picture in hidden]
        assert sum(reading.text == "31" for reading in readings) >= 5
        assert {reading.reason for reading in readings if reading.decision == "rejected"} <= {"no_ink"}


def on_bold_print(text: str, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    line = write_line(text, 40, Spacing(0.3, 0, 0, 0), write_digit, rng, marks=False)
    return encode(Image.fromarray(render_sheet(line.ink, rng, SECURITY)))


@pytest.mark.parametrize("mode", ["auto", "lines"])
def test_a_picture_with_one_line_has_one_entry_that_equals_the_answer(mode: Mode, reader: Reader) -> None:
    reading = reader.read(encode(draw_digit(7)), mode)
    (line,) = reading.lines
    assert (line.text, line.written, line.value) == (reading.text, reading.written, reading.value) == ("7", "7", "7")
    assert (line.confidence, line.decision, line.glyphs) == (reading.confidence, reading.decision, reading.glyphs)
    assert (line.box, reading.signs, reading.unread) == (reading.glyphs[0].box, (), ())


def test_a_rejected_picture_has_no_written_form_and_no_lines(reader: Reader) -> None:
    reading = reader.read(encode(Image.new("RGB", (100, 100), "white")))
    assert (reading.decision, reading.written, reading.value, reading.lines) == ("rejected", "", None, ())


class EngineWithoutSigns(Engine):
    """An engine whose line network knows no signs."""

    signs = ""

    def classify_strips(self, strips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        return [logits[:, :11] for logits in super().classify_strips(strips)]


class EngineWithPoints(EngineWithoutSigns):
    """An engine whose line network sees a point in the middle of every strip."""

    signs = "."

    def classify_strips(self, strips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        changed = []
        for logits in super().classify_strips(strips):
            with_points = np.pad(logits, [(0, 0), (0, 1)], constant_values=-20)
            with_points[len(logits) // 2, -1] = 20
            changed.append(with_points)
        return changed


def test_a_sign_is_part_of_the_written_form_and_not_a_glyph(reader: Reader) -> None:
    canvas = Image.new("RGB", (460, 240), "white")
    for digit, x in ((3, 30), (4, 230)):
        canvas.paste(draw_digit(digit, size=200).point(lambda level: 255 if level > 150 else 0), (x, 20))
    ImageDraw.Draw(canvas).ellipse((224, 172, 238, 186), fill="black")  # so small that it counts as a speck
    reads_points = Reader(reader.engine.artifact)
    reads_points.engine = EngineWithPoints(reader.engine.artifact)
    reading = reads_points.read(encode(canvas), "number")
    assert (reading.text, reading.written, reading.value) == ("34", "3.4", "3.4")
    (sign,) = reading.signs
    assert (sign.sign, sign.before_glyph, len(reading.glyphs)) == (".", 1, 2)
    assert (abs(sign.box.x - 224) < 3, abs(sign.box.y - 172) < 3, abs(sign.box.width - 14) < 4) == (True,) * 3
    assert reading.lines[0].signs == reading.signs
    reads_points.engine = EngineWithoutSigns(reader.engine.artifact)
    plain = reads_points.read(encode(canvas), "number")
    assert (plain.written, plain.signs) == ("34", ())
