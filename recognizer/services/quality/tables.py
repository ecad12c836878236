"""Tables of the audited answers of a stream: confidence and correctness, and which digits are taken for which."""

from collections import Counter

import numpy as np
from django.db.models import QuerySet

from mlcore.reading.written import digits_of
from recognizer.figures.streams import MAX_MISTAKES, AuditedAnswers, ConfidenceBin
from recognizer.models import Audit
from recognizer.queries.selectors import with_truth
from recognizer.services.quality.promises import CheckedAudits

BIN_ENDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)


def audited_answers(counted: QuerySet[Audit], audits: CheckedAudits) -> AuditedAnswers:
    """Return the tables of the audits that count, which are `counted`, and `audits` once they are fetched."""
    mistakes = np.flatnonzero(~audits.is_right)
    start = int(mistakes[-MAX_MISTAKES]) if len(mistakes) > MAX_MISTAKES else 0
    texts, is_right = audits.texts[start:], audits.is_right[start:]
    right = Counter("".join(text for text, was_right in zip(texts, is_right, strict=True) if was_right))
    pairs = Counter({(digit, digit): right[digit] for digit in "0123456789"})
    wrong = with_truth(counted.filter(is_right=False)).order_by("-chosen_at", "-id")
    other_lengths = 0
    rows = wrong.values_list("text", "true_written")[:MAX_MISTAKES]  # type: ignore[misc]
    for read, written in rows:
        if not read:
            continue
        true = digits_of(written)
        if len(true) == len(read):
            pairs.update(zip(true, read, strict=True))
        else:
            other_lengths += 1
    digits = tuple(tuple(pairs[str(true), str(read)] for read in range(10)) for true in range(10))
    return AuditedAnswers(confidence_bins(audits), digits, other_lengths, texts.count(""), start)


def confidence_bins(audits: CheckedAudits) -> tuple[ConfidenceBin, ...]:
    found = []
    places = np.minimum(np.searchsorted(BIN_ENDS, audits.confidences, side="right"), len(BIN_ENDS) - 1)
    for place, (low, high) in enumerate(zip((0.0, *BIN_ENDS), BIN_ENDS, strict=False)):
        own = places == place
        if count := int(own.sum()):
            right, confidence = int(audits.is_right[own].sum()), float(audits.confidences[own].mean())
            found.append(ConfidenceBin(low, high, count, right, confidence))
    return tuple(found)
