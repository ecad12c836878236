"""The limit of what one person gives to a training, so that nobody alone decides what a model learns."""

from bisect import bisect_left
from collections.abc import Sequence

FEWEST_OF_EACH = 20  # digits or numbers; a limit below it would leave too few to learn from, so there is none


def limit_each(numbers: Sequence[int], share: float) -> list[int]:
    """Return how many of each person's digits are learnt, from how many each gives.

    Nobody gives more than this share of what is learnt: the limit is the same for all, and the largest that keeps it.
    What somebody adds never lowers it. There is none where it would be below FEWEST_OF_EACH: too few other people give
    anything then, and a newcomer with one digit would leave one digit of each.
    """

    def is_too_much(limit: int) -> bool:
        return limit > share * sum(min(number, limit) for number in numbers) + 1e-9

    # What others give grows slower than the limit, so once a limit is too much, every larger one is.
    limit = bisect_left(range(1, max(numbers, default=0) + 1), True, key=is_too_much)
    return [min(number, limit) if limit >= FEWEST_OF_EACH else number for number in numbers]
