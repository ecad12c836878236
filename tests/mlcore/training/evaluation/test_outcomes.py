"""Tests of what counts as a number that was read exactly, in the gate."""

from dataclasses import replace

import numpy as np
import pytest

from mlcore.reading.engine import Engine
from mlcore.reading.ink import find_ink
from mlcore.training.datasets.lines import Writers
from mlcore.training.datasets.mnist import Digits
from mlcore.training.evaluation.calibrate import render_numbers
from mlcore.training.evaluation.outcomes import is_exact
from mlcore.training.evaluation.weights import LineSample


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
