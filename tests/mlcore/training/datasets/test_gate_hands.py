"""Tests of the digits in each style on which the gate compares models."""

from mlcore.training.datasets.gate_hands import render_hands


def test_each_style_has_as_many_digits_and_they_are_rendered_once(tmp_path):
    hands = render_hands(2, tmp_path)
    assert hands.images.shape == (len(hands.names), 2, 28, 28)
    assert len(hands.labels) == len(set(hands.names)) > 50
    assert hands.labels[hands.names.index("crossed_seven")] == 7
    assert set(hands.labels) == set(range(10))
    assert hands.images.any(axis=(2, 3)).all()
    assert (hands.images[:, 0] != hands.images[:, 1]).any(axis=(1, 2)).all()
    (kept,) = tmp_path.iterdir()
    kept_at = kept.stat().st_mtime_ns
    assert (render_hands(2, tmp_path).images == hands.images).all()
    assert kept.stat().st_mtime_ns == kept_at  # nothing was rendered
