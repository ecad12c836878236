"""Ink extraction from synthetic paper: light, grain and print around a digit whose ink is known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mlcore.reading.ink.extraction import find_ink, find_paper, otsu_threshold
from mlcore.reading.ink.paper import PAPER_SIDE, WHOLE_PICTURE, average_blocks
from mlcore.reading.ink.polarity import is_dark_on_light
from tests.pictures import draw_digit

Floats = NDArray[np.float32]


def drawn(digit: int = 7, size: int = 200, pen: float = 0.05) -> Floats:
    """Return the ink of a digit, (size, size) 0..1."""
    grey = np.asarray(draw_digit(digit, size=size, pen=pen).convert("L"), np.float32)
    return np.clip((grey.max() - grey) / (grey.max() - grey.min()), 0, 1)


def sheet(ink: Floats, paper: float = 220, depth: float = 0.7) -> Floats:
    return paper * (1 - depth * ink)


def photo(grey: Floats) -> NDArray[np.uint8]:
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def likeness(found: Floats, ink: Floats) -> float:
    """Return the lower one of precision and recall of the found ink."""
    a, b = found > 0.5, ink > 0.5
    return float(
        min((a & cv2.dilate(b.astype(np.uint8), np.ones((5, 5)))).sum() / max(a.sum(), 1), (a & b).sum() / b.sum())
    )


def uneven_light(size: int) -> Floats:
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    return (1 + 0.25 * x - 0.15 * y - 0.2 * (x * x + y * y)).astype(np.float32)


@pytest.mark.parametrize("digit", range(10))
def test_polarity_is_detected(digit: int) -> None:
    picture = photo(sheet(drawn(digit)))
    assert is_dark_on_light(picture)
    assert not is_dark_on_light(255 - picture)


def test_the_bright_middle_of_a_vignette_is_not_ink() -> None:
    strip = np.zeros((80, 400), np.float32)
    for i, digit in enumerate((5, 8, 4, 6, 7)):
        strip[15:65, 40 + 70 * i : 90 + 70 * i] = drawn(digit, size=50)
    y, x = np.mgrid[-1:1:80j, -1:1:400j]
    vignette = 1 - 0.35 * (0.6 * x * x + 0.4 * y * y)
    picture = photo(sheet(strip, paper=170, depth=0.25) * vignette)
    assert is_dark_on_light(picture)
    assert not is_dark_on_light(255 - picture)


def test_a_line_along_the_edge_does_not_invert_the_polarity() -> None:
    sheet = np.full((50, 176, 3), 205, np.uint8)
    sheet[:2] = 90
    for x in range(30, 176, 30):
        cv2.circle(sheet, (x, 28), 12, (100, 100, 100), 3)
    assert is_dark_on_light(average_blocks(sheet, PAPER_SIDE))


@pytest.mark.parametrize("colour", [(255, 255, 255), (250, 246, 230), (20, 22, 30)])
def test_plain_paper_of_any_colour_keeps_the_ink_as_it_is(colour: tuple[int, int, int]) -> None:
    ink = drawn()[:, :, None]
    other = np.array([30, 30, 60]) if colour[0] > 128 else np.array([240, 240, 240])
    picture = (np.array(colour) * (1 - ink) + other * ink).astype(np.uint8)
    found = find_ink(picture)
    assert np.abs(found.strength - ink[:, :, 0]).max() < 0.05
    assert found.pieces == 1


@pytest.mark.parametrize("digit", range(10))
def test_inverting_the_colours_changes_nothing(digit: int) -> None:
    picture = photo(sheet(drawn(digit)))
    assert np.array_equal(find_ink(picture).strength, find_ink(255 - picture).strength)


@pytest.mark.parametrize("digit", range(10))
def test_restricting_the_work_to_the_inked_area_changes_nothing(digit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photo(sheet(drawn(digit)))
    assert np.array_equal(find_ink(picture).strength, find_ink_everywhere(picture, monkeypatch))


def test_a_bar_of_two_shades_that_fills_its_area_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.full((280, 280, 3), 255, np.uint8)
    picture[40:240, 130:150] = 195
    picture[220:240, 130:150] = 10
    strength = find_ink(picture).strength
    assert (strength > 0.15).sum() == 200 * 20
    assert np.array_equal(strength, find_ink_everywhere(picture, monkeypatch))


def find_ink_everywhere(picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> Floats:
    with monkeypatch.context() as patched:
        patched.setattr(
            "mlcore.reading.ink.extraction.find_paper", lambda pixels: (*find_paper(pixels)[:3], WHOLE_PICTURE)
        )
        return find_ink(picture).strength


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_equals_opencvs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.where(rng.random((90, 70)) < 0.2, rng.normal(180, 25, (90, 70)), rng.normal(40, 20, (90, 70)))
    grey = picture.clip(0, 255).astype(np.uint8)
    assert (
        otsu_threshold(np.bincount(grey.ravel(), minlength=256).astype(float))
        == cv2.threshold(grey, 0, 1, cv2.THRESH_OTSU)[0]
    )


@pytest.mark.parametrize("digit", range(10))
def test_uneven_light_and_grain_leave_only_the_ink(digit: int) -> None:
    ink = drawn(digit)
    grain = np.random.default_rng(digit).normal(0, 7, ink.shape)
    assert likeness(find_ink(photo(sheet(ink) * uneven_light(200) + grain)).strength, ink) > 0.9


def test_a_hard_shadow_is_not_ink() -> None:
    ink = drawn()
    light = np.ones_like(ink)
    light[:, :70] = 0.55
    assert likeness(find_ink(photo(sheet(ink) * light)).strength, ink) > 0.9


@pytest.mark.parametrize("colour", [(60, 60, 190), (190, 50, 60), (90, 150, 100), (240, 210, 60)])
def test_ink_of_any_colour_is_found(colour: tuple[int, int, int]) -> None:
    ink = drawn()[:, :, None]
    picture = (250 * (1 - ink) + np.array(colour) * ink).astype(np.uint8)
    assert likeness(find_ink(picture).strength, ink[:, :, 0]) > 0.95


def test_clean_pictures_keep_their_greys() -> None:
    ink = np.zeros((40, 40), np.float32)
    ink[10:30, 18:22] = (0.3, 1.0, 1.0, 0.3)
    found = find_ink(photo(255 * (1 - ink)))
    assert np.abs(found.strength - ink).max() < 0.02


def test_a_pen_one_pixel_thin_is_kept() -> None:
    ink = np.zeros((300, 300), np.float32)
    cv2.polylines(ink, [np.array([(100, 80), (200, 80), (140, 220)], np.int32)], False, 1.0)
    assert likeness(find_ink(photo(sheet(ink, depth=0.5))).strength, ink) > 0.95


@pytest.mark.parametrize("digit", range(10))
def test_ruling_is_erased_and_strokes_that_cross_it_stay(digit: int) -> None:
    ink = drawn(digit, size=300)
    printed = np.zeros_like(ink)
    for y in range(15, 300, 60):
        cv2.line(printed, (0, y), (299, y + 4), 0.6, 2)
    found = find_ink(photo(sheet(np.maximum(ink, printed)))).strength
    assert likeness(found, ink) > 0.9


@pytest.mark.parametrize("digit", range(10))
def test_squares_are_erased(digit: int) -> None:
    ink = drawn(digit, size=300)
    printed = np.zeros_like(ink)
    printed[12::48] = printed[:, 20::48] = 0.5
    assert likeness(find_ink(photo(sheet(np.maximum(ink, printed)))).strength, ink) > 0.88


@pytest.mark.parametrize("digit", range(10))
def test_a_box_around_the_digit_is_erased(digit: int) -> None:
    ink = drawn(digit, size=300)
    printed = np.zeros_like(ink)
    cv2.rectangle(printed, (20, 15), (280, 290), 0.9, 3)
    assert likeness(find_ink(photo(sheet(np.maximum(ink, printed)))).strength, ink) > 0.9


def test_an_underline_is_not_part_of_the_digit() -> None:
    ink = drawn(3, size=300)
    printed = np.zeros_like(ink)
    cv2.line(printed, (30, 285), (270, 280), 0.9, 4)
    assert likeness(find_ink(photo(sheet(np.maximum(ink, printed)))).strength, ink) > 0.95


@pytest.mark.parametrize("turn", [0, 1])
def test_a_single_stroke_is_not_erased_as_a_ruling(turn: int) -> None:
    ink = np.zeros((300, 300), np.float32)
    cv2.line(ink, (150, 5), (145, 294), 1.0, 4)
    ink = np.rot90(ink, turn).copy()
    assert likeness(find_ink(photo(sheet(ink))).strength, ink) > 0.95


def test_ink_that_shows_through_from_the_back_is_removed() -> None:
    ink = drawn(4, size=300)
    behind = cv2.GaussianBlur(np.roll(drawn(8, size=300), 110, axis=1), (0, 0), 3) * 0.3
    assert likeness(find_ink(photo(sheet(np.maximum(ink, behind)))).strength, ink) > 0.95


def test_specks_are_removed_and_a_detached_bar_is_kept() -> None:
    ink = np.zeros((300, 300), np.float32)
    cv2.line(ink, (120, 70), (210, 66), 1.0, 8)  # the bar of a 5, apart from its bowl
    cv2.ellipse(ink, (150, 170), (50, 60), 0, -110, 130, 1.0, 8)
    dirty = ink.copy()
    for x, y in ((20, 30), (280, 40), (40, 270), (250, 290)):
        cv2.circle(dirty, (x, y), 3, 1.0, -1)
    assert likeness(find_ink(photo(sheet(dirty))).strength, ink) > 0.97


@pytest.mark.parametrize("level", [0, 20, 128, 255])
def test_plain_paper_holds_no_ink(level: int) -> None:
    assert not find_ink(photo(np.full((120, 90), level, np.float32))).strength.any()


def test_a_large_picture_is_reduced_for_the_search() -> None:
    found = find_ink(photo(sheet(drawn(size=1600))))
    assert found.strength.shape == (1280, 1280)
    assert found.scale == 0.8


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 3), (5, 700), (97, 96)])
def test_pictures_of_any_shape_are_processed(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    strength = find_ink(noise).strength
    assert strength.shape == size
    assert 0 <= strength.min() <= strength.max() <= 1
