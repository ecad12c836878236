import cv2
import numpy as np

from mlcore.reading.ink.extraction import find_ink
from mlcore.reading.layout.regions import (
    MAX_MARKS,
    add_small_marks,
    find_regions,
    find_text_lines,
    group_pieces,
    separate_digits,
    tall_pieces,
)


def blocks(*boxes):
    ink = np.zeros((300, 600), np.float32)
    for x, y, width, height in boxes:
        ink[y : y + height, x : x + width] = 1
    return ink


def test_an_empty_picture_has_no_lines():
    assert find_text_lines(np.zeros((50, 50), np.float32)) == []


def test_digits_beside_each_other_are_one_line():
    regions = find_text_lines(blocks((50, 100, 20, 40), (90, 105, 20, 40), (200, 95, 20, 40)))
    assert [region.box for region in regions] == [(50, 95, 170, 50)]
    assert regions[0].share > 0.999


def test_two_lines_are_two_and_the_larger_comes_first():
    regions = find_text_lines(blocks((50, 40, 20, 40), (90, 40, 20, 40), (50, 200, 30, 60), (120, 200, 30, 60)))
    assert [region.box[1] for region in regions] == [200, 40]
    assert regions[0].strength[:150].max() == 0


def test_a_sinking_line_stays_together():
    regions = find_text_lines(blocks(*((40 + 45 * i, 60 + 14 * i, 22, 40) for i in range(10))))
    assert len(regions) == 1


def test_a_bar_above_belongs_to_its_digit():
    assert len(find_text_lines(blocks((50, 100, 20, 40), (58, 90, 25, 5)))) == 1


def test_points_and_dashes_beside_a_line_can_be_added_to_it():
    digits = [(50, 100, 20, 60), (90, 100, 20, 60), (150, 100, 20, 60)]
    point, dash, far, fragment = (122, 150, 10, 10), (15, 126, 20, 5), (320, 150, 10, 10), (120, 20, 10, 10)
    (line,) = find_text_lines(blocks(*digits))
    marked = add_small_marks(line, blocks(*digits, point, dash, far, fragment))
    assert marked.box == (15, 100, 155, 60)
    assert (marked.strength > 0).sum() == (blocks(*digits, point, dash) > 0).sum()
    assert (line.strength == blocks(*digits)).all()


def test_marks_thinner_than_half_the_strokes_or_where_no_sign_stands_are_not_added():
    digits = [(50, 100, 12, 60), (90, 100, 12, 60), (150, 100, 12, 60)]  # strokes of 10 px
    point, speck, below, beside = (122, 152, 7, 7), (76, 152, 4, 4), (122, 172, 7, 7), (190, 150, 7, 7)
    (line,) = find_text_lines(blocks(*digits))
    marked = add_small_marks(line, blocks(*digits, point, speck, below, beside))
    assert (marked.strength > 0).sum() == (blocks(*digits, point) > 0).sum()


def test_only_the_largest_marks_are_added_where_there_is_grain():
    digits = [(50, 100, 20, 60), (150, 100, 20, 60)]
    grain = [(76 + 6 * column, 104 + 8 * row, 3, 3) for column in range(10) for row in range(5)]
    (line,) = find_text_lines(blocks(*digits))
    marked = add_small_marks(line, blocks(*digits, *grain, (100, 152, 8, 8)))
    assert (marked.strength[152:160, 100:108] == 1).all()
    assert (marked.strength > 0).sum() < (line.strength > 0).sum() + 8 * 8 + MAX_MARKS * 9


def test_a_frame_around_the_line_is_not_part_of_it():
    ink = blocks((250, 140, 20, 40), (290, 140, 20, 40), (330, 140, 20, 40))
    cv2.rectangle(ink, (20, 20), (580, 280), 1.0, 4)
    boxes = [region.box for region in find_text_lines(ink)]
    assert (250, 140, 100, 40) in boxes


def test_groups_are_numbered_from_zero():
    numbers = group_pieces(np.array([[0, 0, 10, 20], [15, 0, 10, 20], [0, 200, 10, 20]], np.int32))
    assert numbers.tolist() == [0, 0, 1]


def test_digits_with_gaps_between_them_are_separate():
    (region,) = find_text_lines(blocks((50, 100, 20, 40), (90, 105, 20, 40), (150, 110, 25, 30)))
    assert separate_digits(tall_pieces(region), region.box[3]) == (
        (50, 100, 20, 40),
        (90, 105, 20, 40),
        (150, 110, 25, 30),
    )


def test_a_bar_belongs_to_its_digit_and_a_dot_is_left_out():
    (region,) = find_text_lines(blocks((50, 110, 20, 30), (55, 100, 20, 6), (90, 100, 20, 40), (120, 132, 6, 8)))
    assert separate_digits(tall_pieces(region), region.box[3]) == ((50, 100, 25, 40), (90, 100, 20, 40))


def test_wide_pieces_that_may_be_two_digits_are_not_separate():
    (region,) = find_text_lines(blocks((50, 100, 20, 40), (90, 100, 70, 40)))
    assert tall_pieces(region) == ((50, 100, 20, 40), (90, 100, 70, 40))
    assert separate_digits(tall_pieces(region), region.box[3]) == ()


def test_a_digit_that_touches_a_line_around_the_others_stays_with_them():
    """The first digit touches a wavy line around the others; grouping by pieces would separate it."""
    ink = blocks((60, 60, 12, 120), *((110 + 50 * i, 110, 12, 50) for i in range(5)))
    wave = [(x, round(180 + 6 * np.sin(x / 9))) for x in range(40, 400)]
    cv2.polylines(ink, [np.array([(40, 60), *wave, (400, 60)])], False, 1.0, 4)
    regions = find_regions(find_ink(np.repeat(np.uint8(255 - 200 * ink)[..., None], 3, axis=2)))
    strokes = [66, *range(116, 366, 50)]
    assert any((region.strength[130, strokes] > 0.5).all() for region in regions)


def test_boxes_of_squared_paper_do_not_hide_the_line_across_them():
    sheet = np.full((160, 500), 235, np.uint8)
    for at in range(10, 500, 48):
        cv2.line(sheet, (at, 0), (at, 159), 150, 2)
    for at in range(8, 160, 48):
        cv2.line(sheet, (0, at), (499, at), 150, 2)
    for x in range(30, 480, 55):
        cv2.line(sheet, (x + 8, 60), (x, 110), 30, 5)
    regions = find_regions(find_ink(np.repeat(sheet[..., None], 3, axis=2)))
    assert any(region.printed_boxes for region in regions)
    assert any(region.box[2] > 420 and not region.printed_boxes for region in regions)
