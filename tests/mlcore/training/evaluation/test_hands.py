from mlcore.reading.reader import Reader
from mlcore.training.evaluation.hands import measure_letters, measure_unusual_hands
from mlcore.training.synthesis.strokes_unusual import UNUSUAL_STYLES


def test_every_unusual_style_is_measured(reader: Reader) -> None:
    figures = measure_unusual_hands(reader, count=4)
    assert len(figures) == sum(map(len, UNUSUAL_STYLES))
    assert figures["loopy two"]["right"] > 0.4
    assert all(0 <= share <= 1 for shares in figures.values() for share in shares.values())


def test_letters_are_mostly_rejected(reader: Reader) -> None:
    figures = measure_letters(reader, count=12)
    assert set(figures) == {"capital letters", "lower-case letters"}
    assert all(shares["rejected"] > 0.5 and shares["sure"] < 0.3 for shares in figures.values())
