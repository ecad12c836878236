import numpy as np

from mlcore.explaining.colours import colour_table, for_and_against


def lightness(rgb):
    """CIE L* of (n, 3) sRGB."""
    share = rgb / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(luminance > (6 / 29) ** 3, 116 * np.cbrt(luminance) - 16, luminance * (29 / 3) ** 3)


def test_lightness_rises_from_entry_to_entry():
    steps = np.diff(lightness(colour_table()))
    assert (steps > 0).all()


def test_it_rises_evenly_from_dark_to_light():
    values = lightness(colour_table())
    np.testing.assert_allclose(values, np.linspace(12, 94, 256), atol=0.2)


def test_for_and_against_are_told_apart_without_red_and_green():
    speaks_for, against = for_and_against().astype(int)
    assert speaks_for[2] - speaks_for[0] > 60  # blue
    assert against[0] - against[2] > 60  # orange
