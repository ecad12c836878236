"""The work that the reading of one picture may cost.

It is counted in units and never in seconds: an answer must not depend on the load of the machine. A unit takes about
half a nanosecond.
"""

MAX_UNITS = 800_000_000
PAGE_UNITS = 2 * MAX_UNITS  # of a page with several lines
CROP_UNITS = 700_000  # of one crop, however small
SORT_UNITS = 160  # of one pixel of ink that is sorted into its connected piece
STRIP_UNITS = 100  # of one pixel of a region that is made a strip


class TooComplexError(Exception):
    """The error for a picture whose reading would take too much work."""


class WorkBudget:
    """The units of work that are left for one picture."""

    def __init__(self, units: int = MAX_UNITS) -> None:
        self.left = units

    def spend(self, units: int) -> None:
        """Take units before the work is done; raise TooComplexError where too few are left."""
        self.left -= units
        if self.left < 0:
            raise TooComplexError

    def spend_on_crop(self, width: int, height: int) -> None:
        """Take the units of one normalised crop: thin strokes are widened by a disc that grows with the crop."""
        longest = max(width, height)
        self.spend(CROP_UNITS + width * height * (20 + longest // 11))
