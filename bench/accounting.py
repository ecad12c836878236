"""Pages of several lines, and pairs of synthetic pictures whose second one has ink that no answer may leave out.

    python -m bench.accounting --data MNIST              # validation digits, by which choices are made
    python -m bench.accounting --data MNIST --test       # the test set, for the report only

Wanted: 99 % of the lines found and 95 % right; at most 1 % of the numbers still sure with a second line or a word, in
mode auto; at most 1.5 % sure with a sign that is missing or wrong, in mode number; at least 97 % sure as before where
only print, specks or ink of the back were added.
"""

from collections.abc import Callable
from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from bench.options import add_data_option, add_model_option, create_parser
from mlcore.artifact import load_artifact
from mlcore.reading.files.decode import LONGEST, Picture, make_picture, reduce_to
from mlcore.reading.reader import Reader
from mlcore.reading.result import Mode, Reading
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import load_split
from mlcore.training.synthesis.alphabet import LETTERS
from mlcore.training.synthesis.lines import Spacing, TextLine, write_line
from mlcore.training.synthesis.negatives import DrawDigit, write_letter
from mlcore.training.synthesis.pen import random_hand
from mlcore.training.synthesis.sheets import SCREEN, SheetStyle, render_sheet
from mlcore.training.synthesis.written_forms import random_text, random_written

Floats = NDArray[np.float32]

HEIGHT = 44  # px of a digit
SPACING = Spacing(gap=0.12, gap_spread=0.05, rise=0.05, sizes=0.08)
PAPER = replace(SCREEN, margin=(0.5, 1.0), ink_strength=(0.8, 1.0), p_fibre=0.7, p_uneven_light=0.5, blur=(0.0, 0.6))
ADDED: dict[str, SheetStyle] = {
    "ruling": replace(PAPER, p_lines=1),
    "squares": replace(PAPER, p_squares=1),
    "specks": replace(PAPER, p_specks=1),
    "ink of the back": replace(PAPER, p_bleed_through=1),
    "a border": replace(PAPER, p_border=1),
    "another sheet alone": PAPER,  # how many are sure on one sheet and not on the next, without anything added
}


def write_number(text: str, writer: DrawDigit, rng: np.random.Generator) -> TextLine:
    return write_line(text, HEIGHT, SPACING, writer, rng, marks=False)


def put_below(above: Floats, below: Floats, gap: int) -> Floats:
    width = max(above.shape[1], below.shape[1])
    parts = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (above, below)]
    return np.concatenate([parts[0], np.zeros((gap, width), np.float32), parts[1]])


def put_beside(left: Floats, right: Floats, gap: int) -> Floats:
    height = max(left.shape[0], right.shape[0])
    parts = [np.pad(part, ((height - part.shape[0], 0), (0, 0))) for part in (left, right)]
    return np.concatenate([parts[0], np.zeros((height, gap), np.float32), parts[1]], axis=1)


def write_word(rng: np.random.Generator) -> Floats:
    hand = random_hand(rng, float(HEIGHT))
    letters = sorted(LETTERS)
    word = write_letter(str(rng.choice(letters)), rng, hand)
    for _ in range(int(rng.integers(1, 4))):
        word = put_beside(word, write_letter(str(rng.choice(letters)), rng, hand), HEIGHT // 6)
    return word


def read(reader: Reader, ink: Floats, seed: list[int], style: SheetStyle, mode: Mode) -> Reading:
    """Read ink on a sheet. The same seed gives the same paper, light and noise as far as the styles agree."""
    pixels = render_sheet(ink, np.random.default_rng(seed), style)
    return reader.read_picture(Picture(pixels, "PNG", pixels.shape[1], pixels.shape[0], 1.0), mode)


def measure_pages(reader: Reader, writers: Writers, pages: int, *, is_filled: bool) -> None:
    """Measure pages with margins of half to all of the page's height, or filled ones as the decoder gives them.

    The others are larger than the decoder's limit.
    """
    lines = found = right = 0
    for number in range(pages):
        rng = np.random.default_rng([31, number])
        writer = writers.random_mnist_writer(rng)
        texts = [random_text(rng) for _ in range(int(rng.integers(2, 41)))]
        page = write_number(texts[0], writer, rng).ink
        for text in texts[1:]:
            page = put_below(page, write_number(text, writer, rng).ink, int(HEIGHT * rng.uniform(0.5, 1.0)))
        if is_filled:
            margins = (rng.uniform(*PAPER.margin, 4) * HEIGHT).astype(int).tolist()
            pixels = render_sheet(page, np.random.default_rng([32, number]), replace(PAPER, margins=tuple(margins)))
            height, width = pixels.shape[:2]
            answer = reader.read_picture(make_picture(reduce_to(pixels, LONGEST), "PNG", width, height), "lines")
        else:
            answer = read(reader, page, [32, number], PAPER, "lines")
        lines += len(texts)
        found += min(len(answer.lines), len(texts))
        matches = SequenceMatcher(None, answer.text.split("\n"), texts, autojunk=False).get_matching_blocks()
        right += sum(match.size for match in matches)
    kind = "filled pages" if is_filled else "pages with wide margins"
    print(f"{pages} {kind}, {lines} lines: {found / lines:.1%} found, {right / lines:.1%} right", flush=True)


def measure_added_ink(reader: Reader, writers: Writers, pairs: int) -> None:
    """Measure pairs of a number alone and with a second line or a word."""
    additions: dict[str, Callable[[Floats, DrawDigit, np.random.Generator], Floats]] = {
        "a second line": lambda ink, writer, rng: put_below(ink, write_number(random_text(rng), writer, rng).ink, 30),
        "a word": lambda ink, writer, rng: put_beside(ink, write_word(rng), HEIGHT // 2),
    }
    for place, (name, add) in enumerate(additions.items()):
        sure = still_sure = 0
        for number in range(pairs):
            rng = np.random.default_rng([33, place, number])
            writer = writers.random_mnist_writer(rng)
            ink = write_number(random_text(rng), writer, rng).ink
            if read(reader, ink, [34, number], PAPER, "auto").decision == "read":
                sure += 1
                still_sure += read(reader, add(ink, writer, rng), [34, number], PAPER, "auto").decision == "read"
        print(f"{pairs} pairs with {name}: {sure} sure without it, {still_sure / max(sure, 1):.1%} of them with it")


def measure_added_signs(reader: Reader, writers: Writers, pairs: int) -> None:
    sure = wrong = 0
    for number in range(pairs):
        rng = np.random.default_rng([35, number])
        writer = writers.random_mnist_writer(rng)
        while (written := random_written(rng)).isdigit() or " " in written:
            pass
        line = write_number(written, writer, rng)
        answer = read(reader, line.ink, [36, number], PAPER, "number")
        sure += answer.decision == "read"
        signs = [sign.sign for sign in answer.signs]
        wrong += answer.decision == "read" and signs != [sign.sign for sign in line.signs]
    print(f"{pairs} numbers with signs: {sure / pairs:.1%} sure; {wrong / pairs:.1%} sure with wrong signs")


def measure_added_print(reader: Reader, writers: Writers, pairs: int) -> None:
    """Measure pairs of a number on plain paper and on paper with something that nobody wrote."""
    for place, (name, style) in enumerate(ADDED.items()):
        sure = still_sure = 0
        for number in range(pairs):
            rng = np.random.default_rng([37, place, number])
            ink = write_number(random_text(rng), writers.random_mnist_writer(rng), rng).ink
            if read(reader, ink, [38, number], PAPER, "auto").decision == "read":
                sure += 1
                seed = 39 if style == PAPER else 38
                still_sure += read(reader, ink, [seed, number], style, "auto").decision == "read"
        print(f"{pairs} pairs with {name}: {sure} sure without it, {still_sure / max(sure, 1):.1%} of them with it")


def main() -> None:
    parser = create_parser(__doc__)
    add_model_option(parser)
    add_data_option(parser)
    parser.add_argument("--test", action="store_true", help="write with the test set instead of the validation digits")
    parser.add_argument("--pages", type=int, default=500, help="that the writing fills")
    parser.add_argument("--wide-pages", type=int, default=500, help="with wide margins; each takes ten times as long")
    parser.add_argument("--pairs", type=int, default=1000, help="of each kind")
    options = parser.parse_args()
    reader = Reader(load_artifact(options.model))
    split = load_split(options.data)
    writers = Writers(split.test if options.test else split.validation)
    if options.pages:
        measure_pages(reader, writers, options.pages, is_filled=True)
    if options.wide_pages:
        measure_pages(reader, writers, options.wide_pages, is_filled=False)
    if options.pairs:
        measure_added_ink(reader, writers, options.pairs)
        measure_added_signs(reader, writers, options.pairs)
        measure_added_print(reader, writers, options.pairs // 5)


if __name__ == "__main__":
    main()
