from mlcore.quality.audit import draw_number, is_chosen


def test_the_choice_can_be_proven_with_the_seed():
    chosen = [key for key in map(str, range(10_000)) if is_chosen("seed", key, 0.2)]
    assert 1_900 < len(chosen) < 2_100
    assert chosen == [key for key in map(str, range(10_000)) if draw_number("seed", key) < 0.2]
    assert chosen != [key for key in map(str, range(10_000)) if is_chosen("other seed", key, 0.2)]


def test_an_answer_chosen_with_a_small_share_is_chosen_with_a_larger_one():
    keys = [str(number) for number in range(10_000)]
    assert {k for k in keys if is_chosen("s", k, 0.02)} < {k for k in keys if is_chosen("s", k, 0.2)}
