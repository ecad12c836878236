"""Tables of the audited answers of a stream: confidence and correctness, and which digits are taken for which."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from mlcore.reading.written import digits_of
from recognizer.services.quality.promises import CheckedAudit
from recognizer.stream_figures import AuditedAnswers, ConfidenceBin

BIN_ENDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def audited_answers(audits: Sequence[CheckedAudit], truths: Mapping[UUID, str]) -> AuditedAnswers:
    """Return the tables of the audits that count. `truths` has the written form of those that are wrong."""
    pairs: Counter[tuple[str, str]] = Counter()
    other_lengths = 0
    for audit in audits:
        true = audit.text if audit.is_right else digits_of(truths.get(audit.pk, ""))
        if len(true) == len(audit.text):
            pairs.update(zip(true, audit.text, strict=True))
        else:
            other_lengths += 1
    digits = tuple(tuple(pairs[str(true), str(read)] for read in range(10)) for true in range(10))
    return AuditedAnswers(confidence_bins(audits), digits, other_lengths)


def confidence_bins(audits: Sequence[CheckedAudit]) -> tuple[ConfidenceBin, ...]:
    found = []
    for low, high in zip((0.0, *BIN_ENDS), BIN_ENDS, strict=False):
        own = [audit for audit in audits if low <= audit.confidence < high or audit.confidence == high == 1.0]
        if own:
            mean = sum(audit.confidence for audit in own) / len(own)
            found.append(ConfidenceBin(low, high, len(own), sum(audit.is_right for audit in own), mean))
    return tuple(found)
