"""Tests of the batches of the line network."""

import numpy as np
import pytest

from mlcore.training.datasets.epochs import MAX_CORRECTED
from mlcore.training.datasets.line_epochs import BATCH, LineMixture, choose_batches
from mlcore.training.datasets.lines import StripDataset


def strips_of(text: str, count: int) -> StripDataset:
    rng = np.random.default_rng(count)
    return StripDataset.of([(np.zeros((32, rng.integers(40, 200)), np.uint8), text) for _ in range(count)])


def batches_of(mixture: LineMixture) -> list[list[str]]:
    return [[text for _, text in batch] for batch in choose_batches(mixture, np.random.default_rng(1))]


@pytest.mark.parametrize("reviewed", [1, 14, 140, 5_000])
def test_at_least_85_percent_of_each_batch_are_replayed(reviewed: int):
    mixture = LineMixture(strips_of("7", 900), strips_of("12", reviewed), synthetic_per_epoch=600)
    batches = batches_of(mixture)
    assert len(batches) == mixture.batches == 10
    for batch in batches:
        assert 0 < batch.count("12") <= MAX_CORRECTED * len(batch)
        assert len(batch) <= BATCH


def test_reviewed_strips_are_repeated_about_equally_often():
    reviewed = StripDataset.of([(np.zeros((32, 40 + 10 * number), np.uint8), str(number)) for number in range(10)])
    texts = [text for batch in batches_of(LineMixture(strips_of("", 600), reviewed)) for text in batch]
    counts = [texts.count(text) for text in reviewed.texts]
    assert max(counts) - min(counts) <= 1
    assert sum(counts) == 90  # 9 in each of the 10 batches


def test_without_reviewed_strips_an_epoch_has_each_strip_once():
    strips = StripDataset.of([(np.zeros((32, 40), np.uint8), str(number)) for number in range(150)])
    batches = batches_of(LineMixture(strips))
    assert sorted(map(len, batches)) == [22, 64, 64]
    assert sorted(text for batch in batches for text in batch) == sorted(strips.texts)


def test_strips_of_a_batch_have_similar_widths():
    synthetic, reviewed = strips_of("7", 600), strips_of("12", 90)
    for batch in choose_batches(LineMixture(synthetic, reviewed), np.random.default_rng(1)):
        widths = [strip.shape[1] for strip, _ in batch]
        assert max(widths) - min(widths) < 70  # of 160


def test_the_widest_strips_are_replayed_as_often_as_others():
    """Where strips are left over, any may be left out: 3,000 strips fill 54 batches of 55 and leave 30 over."""
    widths = range(40, 3_040)
    synthetic = StripDataset.of([(np.zeros((32, width), np.uint8), str(width)) for width in widths])
    mixture = LineMixture(synthetic, strips_of("12", 90))
    counts = dict.fromkeys(synthetic.texts, 0)
    for seed in range(20):
        for batch in choose_batches(mixture, np.random.default_rng(seed)):
            for _, text in batch:
                if text != "12":
                    counts[text] += 1
    widest = [counts[str(width)] for width in widths[-30:]]
    assert min(widest) >= 17
    assert sum(counts.values()) == 20 * 54 * 55
