"""The limit of what one person gives to a training, so that nobody alone decides what a model learns."""

from collections.abc import Sequence

FEWEST_PEOPLE = 4  # who give something; with fewer, each person may give any share
FEWEST_OF_A_PERSON = 20  # digits or numbers; who gives fewer is no reason to limit the others


def limit_each(numbers: Sequence[int], share: float) -> list[int]:
    """Return how many of each person's digits are learnt, from how many each gives.

    Nobody gives more than this share of the person's own digits and all that the others give. What somebody adds
    therefore never takes digits away from others, once there are enough people.
    """
    if sum(number >= FEWEST_OF_A_PERSON for number in numbers) < FEWEST_PEOPLE or share >= 1:
        return list(numbers)
    total = sum(numbers)
    return [min(number, int(share * (total - number) / (1 - share) + 1e-9)) for number in numbers]
