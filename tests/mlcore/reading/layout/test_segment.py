import cv2
import numpy as np

from mlcore.reading.layout.regions import Region
from mlcore.reading.layout.segment import LOOSE, STIFF, DigitCutter
from mlcore.reading.layout.strip import STRETCH, cut_strip


def cut(sheet, middles, stiffness=0.08):
    """Cut between digits whose middles lie at these columns of the sheet."""
    cutter, steps = prepare(sheet, middles)
    return cutter.cut(steps, stiffness)


def prepare(sheet, middles):
    """Return the cutter of a sheet, and the steps of these columns in its strip."""
    strength = sheet.astype(np.float32) / 255
    rows, columns = np.flatnonzero(strength.any(axis=1)), np.flatnonzero(strength.any(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
    strip = cut_strip(strength, box)
    steps = tuple(int((x - strip.x) * strip.scale * STRETCH // 4) for x in middles)
    return DigitCutter(Region(box, strength, 1.0), strip), steps


def ring(sheet, x, y=60, radius=22):
    cv2.circle(sheet, (x, y), radius, 255, 4)


def test_apart_digits_keep_their_own_boxes():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    ring(sheet, 150)
    ring(sheet, 240)
    boxes = [part.box for part in cut(sheet, (60, 150, 240))]
    assert [abs(x - want) < 3 for (x, _, _, _), want in zip(boxes, (36, 126, 216), strict=True)] == [True] * 3
    assert all(abs(width - 48) < 4 and abs(height - 48) < 4 for _, _, width, height in boxes)


def test_touching_digits_are_separated_where_they_touch():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    ring(sheet, 107)
    left, right = cut(sheet, (60, 107), stiffness=1.0)
    assert abs(left.box[0] + left.box[2] - 84) < 8
    assert abs(right.box[0] - 84) < 15


def test_texts_that_differ_in_one_digit_share_the_others():
    sheet = np.zeros((120, 300), np.uint8)
    for x in (60, 107, 200, 247):
        ring(sheet, x)
    cutter, steps = prepare(sheet, (60, 107, 200, 247))
    apart = cutter.cut(steps, 1.0)
    joined = cutter.cut(steps[:2] + steps[3:], 1.0)
    assert all(part is known for part, known in zip(joined[:2], apart[:2], strict=True))
    assert joined[2].box[2] > 1.5 * apart[3].box[2]


def test_a_cutter_that_has_cut_before_cuts_as_a_new_one_does():
    """Places between the digits and beside them give the same ink to digits with other middles."""
    sheet = np.zeros((160, 420), np.uint8)
    for x in (60, 107, 200, 247, 330):
        ring(sheet, x)
    for x in (84, 150, 224, 290):
        cv2.circle(sheet, (x, 100), 6, 255, -1)
    rng = np.random.default_rng(0)
    used, _ = prepare(sheet, ())
    for _ in range(60):
        middles = np.sort(rng.choice(np.arange(40, 360, 6), rng.integers(2, 6), replace=False))
        fresh, steps = prepare(sheet, middles)
        for stiffness in (LOOSE, STIFF):
            for part, expected in zip(used.cut(steps, stiffness), fresh.cut(steps, stiffness), strict=True):
                assert (part is None) == (expected is None)
                if part and expected:
                    assert (part.box, part.ink, part.is_cut) == (expected.box, expected.ink, expected.is_cut)
                    assert np.array_equal(part.input, expected.input)


def test_each_cut_costs_work_also_one_that_was_made_before():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    ring(sheet, 150)
    cutter, steps = prepare(sheet, (60, 150))
    spent = []
    for _ in range(3):
        before = cutter.budget.left
        cutter.cut(steps, LOOSE)
        spent.append(before - cutter.budget.left)
    assert spent[0] > spent[1] == spent[2] > 0


def test_overlapping_but_separate_strokes_are_not_cut():
    sheet = np.zeros((120, 300), np.uint8)
    cv2.line(sheet, (40, 90), (90, 30), 255, 5)  # leans over its neighbour
    ring(sheet, 105, 70)
    left, right = cut(sheet, (60, 105))
    assert left.box[0] + left.box[2] > 86
    assert right.box[0] >= 79


def test_a_comma_beside_a_digit_is_left_out():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    cv2.line(sheet, (100, 80), (96, 92), 255, 4)
    ring(sheet, 150)
    left, right = cut(sheet, (60, 150))
    assert left.box[0] + left.box[2] < 90
    assert right.box[0] > 120


def test_a_sign_has_its_own_ink_and_leaves_none_of_it_to_the_digits():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    cv2.line(sheet, (112, 30), (94, 90), 255, 4)  # a slash as tall as the digits
    ring(sheet, 150)
    cutter, steps = prepare(sheet, (60, 103, 150))
    slash = frozenset({1})
    left, right = cutter.cut(steps, 0.08, slash)
    (sign,) = cutter.find_signs(steps, 0.08, slash)
    assert left.box[0] + left.box[2] < 90
    assert right.box[0] > 120
    x, y, width, height = sign.box
    assert (abs(x - 92) < 4, abs(width - 22) < 6, abs(y - 28) < 4, abs(height - 64) < 6) == (True,) * 4
    assert sign.ink > 200


def test_a_sign_without_ink_has_a_place_between_its_neighbours():
    sheet = np.zeros((120, 300), np.uint8)
    ring(sheet, 60)
    ring(sheet, 150)
    cutter, steps = prepare(sheet, (60, 105, 150))
    (sign,) = cutter.find_signs(steps, 0.08, frozenset({1}))
    assert sign.ink == 0
    assert 85 < sign.box[0] < sign.box[0] + sign.box[2] < 125


def test_the_detached_bar_of_a_five_stays_with_it():
    sheet = np.zeros((120, 300), np.uint8)
    cv2.line(sheet, (62, 30), (90, 26), 255, 4)
    cv2.ellipse(sheet, (65, 70), (20, 22), 0, -120, 120, 255, 4)
    ring(sheet, 160)
    left, _ = cut(sheet, (68, 160))
    assert left.box[1] < 30


def test_an_underline_is_left_out():
    sheet = np.zeros((140, 300), np.uint8)
    ring(sheet, 60)
    ring(sheet, 150)
    cv2.line(sheet, (20, 110), (280, 110), 255, 3)
    assert all(y + height < 100 for _, y, _, height in (part.box for part in cut(sheet, (60, 150))))


def test_an_underline_of_a_falling_line_is_left_out():
    sheet = np.zeros((260, 460), np.uint8)
    middles = range(50, 430, 60)
    for x in middles:
        ring(sheet, x, round(60 + x / 5))
    cv2.line(sheet, (20, 98 + 20 // 5), (440, 98 + 440 // 5), 255, 3)
    assert max(height for _, _, _, height in (part.box for part in cut(sheet, middles))) < 52


def test_the_lower_half_of_a_broken_digit_belongs_to_it():
    sheet = np.zeros((120, 300), np.uint8)
    cv2.ellipse(sheet, (60, 45), (18, 16), 0, 150, 390, 255, 4)
    cv2.ellipse(sheet, (60, 78), (18, 16), 0, 0, 180, 255, 4)
    ring(sheet, 160)
    left, _ = cut(sheet, (60, 160))
    assert left.box[1] < 35 and left.box[1] + left.box[3] > 90


def test_a_comma_below_a_digit_is_left_out():
    sheet = np.zeros((140, 300), np.uint8)
    ring(sheet, 60)
    cv2.line(sheet, (62, 88), (60, 94), 255, 4)
    ring(sheet, 160)
    left, _ = cut(sheet, (60, 160))
    assert left.box[1] + left.box[3] < 88
