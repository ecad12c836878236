"""Figures of a stream, as pages and API show them: what its audits say, by month and as a whole."""

from dataclasses import dataclass
from functools import cached_property

from mlcore.quality.evidence import Estimate, wilson_interval
from mlcore.quality.promise import SHARE_BEFORE, Evidence
from recognizer.models import Batch, ModelVersion, Stream, StreamMonth

MAX_MISTAKES = 1_000  # that the table of digits holds


@dataclass(frozen=True)
class MonthFigures:
    """One month of a stream."""

    counts: StreamMonth
    error: Estimate

    @property
    def sure_share(self) -> float:
        return self.counts.sure / self.counts.total if self.counts.total else 0.0

    @property
    def corrected_share(self) -> float:
        return self.counts.corrected / self.counts.total if self.counts.total else 0.0


@dataclass(frozen=True)
class StreamFigures:
    """A stream with its answers and its audits so far."""

    stream: Stream
    months: tuple[MonthFigures, ...]
    error: Estimate  # of the sure answers
    waiting_sure: int  # audits that nobody has checked, of sure answers
    waiting_unsure: int
    held_back: int  # checked sure answers that do not count before an earlier audit is checked
    is_reopened: bool  # whether an audit that the promise's state rests on waits to be checked again

    @property
    def waiting(self) -> int:
        return self.waiting_sure + self.waiting_unsure

    @property
    def to_check(self) -> int:
        """Return how many audits the review shows. It leaves out those of replaced models."""
        return self.waiting if self.stream.model.state == ModelVersion.State.ACTIVE else 0

    @property
    def checked(self) -> int:
        return self.error.audited + self.held_back

    @property
    def round(self) -> int:
        """Return the number of chosen answers that the figures wait for."""
        return self.held_back + self.to_check

    @cached_property
    def total(self) -> int:
        return sum(month.counts.total for month in self.months)

    @cached_property
    def sure(self) -> int:
        return sum(month.counts.sure for month in self.months)

    @cached_property
    def corrected(self) -> int:
        return sum(month.counts.corrected for month in self.months)

    @property
    def sure_share(self) -> float:
        return self.sure / self.total if self.total else 0.0


@dataclass(frozen=True)
class Cost:
    """The cost of a promise: about so many checked answers, chosen from so many answers."""

    wish: float
    audits: int | None  # None: no end is in sight
    evidence: Evidence | None  # that proves it; None where the audits so far do not

    @property
    def is_proven(self) -> bool:
        return self.evidence is not None

    @property
    def answers(self) -> int | None:
        return None if self.audits is None else round(self.audits / SHARE_BEFORE)

    @property
    def is_out_of_reach(self) -> bool:
        """Return whether further checks would not prove it, at the error rate that was found so far."""
        return self.audits is None and not self.is_proven


@dataclass(frozen=True)
class BatchErrors:
    """The number of sure answers of a batch, and of those that are probably wrong."""

    batch: Batch
    sure: int
    expected: float


@dataclass(frozen=True)
class ConfidenceBin:
    """The audited answers of one range of confidence."""

    low: float
    high: float
    count: int
    right: int
    confidence: float  # mean

    @property
    def interval(self) -> tuple[float, float]:
        return wilson_interval(self.right / self.count, self.count)


@dataclass(frozen=True)
class AuditedAnswers:
    """The audited answers of a stream by confidence and digit."""

    bins: tuple[ConfidenceBin, ...]  # without empty ones
    digits: tuple[tuple[int, ...], ...]  # counts by written digit and read digit, from the MAX_MISTAKES-th last error
    other_lengths: int  # wrong answers with more or fewer digits than the truth, which have no pairs of digits
    without_text: int  # answers of removed pictures, of which only the verdicts are kept
    before: int  # answers before those that `digits` counts
