import numpy as np

from mlcore.explaining.colours import colour_table, evidence_colours


def lightness(rgb):
    """Return CIE L* of (n, 3) sRGB."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > (6 / 29) ** 3, 116 * np.cbrt(luminance) - 16, luminance * (29 / 3) ** 3)


def test_the_table_has_red_first_and_goes_from_violet_to_yellow():
    table = colour_table()
    assert (table.shape, table.dtype) == ((256, 3), np.uint8)
    assert table[0].tolist() == [68, 1, 84]
    assert table[-1].tolist() == [253, 231, 37]


def test_lightness_rises_evenly_with_the_value():
    values = lightness(colour_table())
    assert (np.diff(values[::3]) > 0).all()  # single entries are rounded to bytes
    np.testing.assert_allclose(values, np.linspace(values[0], values[-1], 256), atol=2)


def test_evidence_for_is_blue_and_evidence_against_is_orange():
    speaks_for, speaks_against = evidence_colours().tolist()
    assert speaks_for == [0, 131, 209]
    assert speaks_against == [231, 120, 23]
