"""Tests of what counts as a number that was read exactly, in the gate."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mlcore.reading.engine import Engine
from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.numbers.ctc import BLANK
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.calibrate import render_numbers
from mlcore.training.evaluation.outcomes import are_exact, is_exact
from mlcore.training.evaluation.weights import LineSample


class EngineWithoutSigns(Engine):
    """The shipped model, as if its line network had no classes for signs."""

    signs = ""

    def classify_strips(self, strips: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        return [logits[:, : BLANK + 1] for logits in super().classify_strips(strips)]


@pytest.fixture(scope="module")
def signed(digits: Digits, engine: Engine) -> LineSample:
    """Return a number with signs that the shipped model reads."""
    samples = render_numbers(Writers(digits), 60, np.random.default_rng(5))
    return next(each for each in samples if each.text != each.written and is_exact(engine, each, with_signs=True))


def test_a_number_is_exact_with_its_signs_alone(engine: Engine, signed: LineSample):
    without = replace(signed, written=signed.text)
    assert not is_exact(engine, without, with_signs=True)
    assert is_exact(engine, without, with_signs=False)
    assert not is_exact(engine, replace(signed, text=signed.text + "1"), with_signs=False)


def test_a_line_without_digits_is_read_by_finding_none(engine: Engine, signed: LineSample):
    blank = LineSample(find_ink(np.full((60, 200, 3), 255, np.uint8)), "", "")
    assert is_exact(engine, blank, with_signs=True)
    assert not is_exact(engine, replace(blank, text="1", written="1"), with_signs=True)
    assert not is_exact(engine, replace(signed, text="", written=""), with_signs=True)


def test_signs_count_where_the_active_model_reads_them(engine: Engine, signed: LineSample):
    without = EngineWithoutSigns(engine.artifact)
    assert are_exact([engine, engine], signed) == [True, True]
    unsigned = replace(signed, written=signed.text)  # the model that reads signs finds some that nobody wrote
    assert are_exact([engine, engine], unsigned) == [False, False]
    assert are_exact([without, engine], unsigned)[1]
    assert are_exact([engine, without], signed)[0]
    assert not are_exact([engine, without], signed)[1]
