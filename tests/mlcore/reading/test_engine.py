import math

import numpy as np

from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.budget import TooComplexError
from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.strip import HEIGHT, STEP
from mlcore.reading.numbers.number import find_number
from mlcore.training.synthesis.handwriting import write_digit
from mlcore.training.synthesis.lines import random_spacing, write_line
from mlcore.training.synthesis.sheets import PLAIN_PHOTO, render_sheet
from mlcore.training.synthesis.written_forms import random_text


def test_a_strip_has_no_steps_beyond_its_end(engine: Engine) -> None:
    """Strips of a batch are padded to the widest one; the padding yields no steps."""
    rng = np.random.default_rng(1)
    strips = [rng.integers(0, 256, (HEIGHT, width)).astype(np.uint8) for width in (17, 64, 150, 31)]
    assert [len(rows) for rows in engine.classify_strips(strips)] == [
        math.ceil(strip.shape[1] / STEP) for strip in strips
    ]


class RandomLineEngine(Engine):
    """An engine whose line network returns random logits."""

    rng = np.random.default_rng(2)

    def classify_strips(self, strips):
        return [self.rng.normal(0, 3, rows.shape).astype(np.float32) for rows in super().classify_strips(strips)]


def test_any_line_logits_yield_a_valid_number_none_or_too_complex() -> None:
    engine, rng = RandomLineEngine(load_artifact(SHIPPED)), np.random.default_rng(3)
    for _ in range(8):
        line = write_line(random_text(rng), 40, random_spacing(rng), write_digit, rng)
        try:
            found = find_number(find_ink(render_sheet(line.ink, rng, PLAIN_PHOTO)), engine)
        except TooComplexError:  # random logits propose many digits
            continue
        assert found is None or len(found.text) == len(found.digits)
