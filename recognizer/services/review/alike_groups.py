"""Groups of alike digits in the review queue, which a person answers at once.

A group holds no answer whose audit waits: its verdict would come from a small picture that nobody unticked. Such a
picture is shown by itself, as others are that are unlike each other, so nobody can tell which ones were audited.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from recognizer.models import Audit, Correction, Glyph, Stream
from recognizer.problems import Problem
from recognizer.queries import selectors
from recognizer.services.explaining.explanations import explain_glyph
from recognizer.services.explaining.likeness import vector_cache
from recognizer.services.history.correction_lock import lock_corrections
from recognizer.services.history.corrections import correct_each
from recognizer.services.review.review_queue import WHOLE_QUEUE, QueueLimits, look_ahead, queue_of

LOOKED_AT = 100  # next pictures of the queue among which a group is looked for
COLUMNS = (  # of their predictions and models
    *("upload", "text", "signed_text", "reason"),
    *("model__version", "model__digest", "model__folder", "model__shipped", "model__state"),
)
SMALLEST, LARGEST = 3, 24
MIN_SIMILARITY = 0.9  # of the embeddings to that of the first digit


@dataclass(frozen=True, slots=True)
class AlikeGroup:
    """Digits that were read as the same one and look alike to the network. A person says what `checked` is."""

    checked: Glyph
    others: list[Glyph]


@dataclass(frozen=True, slots=True)
class SavedGroup:
    """Result of a group that was saved: all of it, or only the checked digit because it is another one."""

    digit: str
    count: int
    is_whole: bool


def next_group(
    user: User,
    *,
    skipped: Collection[UUID],
    limits: QueueLimits = WHOLE_QUEUE,
    streams: Sequence[Stream] | None = None,
) -> AlikeGroup | None:
    """Return the first group of the queue, None if too few of its digits are alike."""
    for glyphs in alike_buckets(user, skipped, limits, streams):
        vectors = vector_cache.embed(explain_glyph(glyphs[0]), glyphs)
        for seed in range(len(glyphs) - SMALLEST + 1):
            similarities = vectors[seed:] @ vectors[seed]
            alike = [glyphs[seed + place] for place in np.flatnonzero(similarities >= MIN_SIMILARITY)][:LARGEST]
            if len(alike) >= SMALLEST:
                checked = alike.pop(choose_check(alike))
                return AlikeGroup(checked, alike)
    return None


def alike_buckets(
    user: User, skipped: Collection[UUID], limits: QueueLimits, streams: Sequence[Stream] | None
) -> Iterator[list[Glyph]]:
    """Yield single digits of the queue by model and digit, in its order; only those that a group can come from."""
    ahead = look_ahead(
        user,
        skipped=skipped,
        includes_sure=False,
        limits=limits,
        count=LOOKED_AT,
        streams=streams,
        columns=COLUMNS,
    )
    single = [each for each in ahead if len(each.written) == 1 and not each.reason]
    audited = audited_uploads(each.upload_id for each in single)
    predictions = {each.pk: each for each in single if each.upload_id not in audited}  # in their order
    glyphs: dict[UUID, list[Glyph]] = defaultdict(list)
    for glyph in selectors.glyphs_of(predictions).order_by().defer("probabilities"):
        glyph.prediction = predictions[glyph.prediction_id]  # fetched already, with its model
        glyphs[glyph.prediction_id].append(glyph)
    buckets: dict[tuple[UUID, int], list[Glyph]] = defaultdict(list)
    for key in predictions:
        if len(glyphs[key]) == 1:
            (glyph,) = glyphs[key]
            buckets[glyph.prediction.model_id, glyph.digit].append(glyph)
    yield from (bucket for bucket in buckets.values() if len(bucket) >= SMALLEST)


def audited_uploads(upload_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of these pictures have an audit that waits for a verdict."""
    waiting = Audit.objects.filter(prediction__upload__in=list(upload_ids), is_right=None)
    return set(waiting.values_list("prediction__upload", flat=True))


def choose_check(glyphs: list[Glyph]) -> int:
    """Return the place of the digit to check: a hash chooses it, so that it stays when the page is loaded again."""
    digest = hashlib.sha256(" ".join(str(glyph.pk) for glyph in glyphs).encode()).digest()
    return digest[0] % len(glyphs)


def save_group(user: User, *, checked: UUID, others: Collection[UUID], digit: str) -> SavedGroup:
    """Save the digit for all pictures of the group that still wait; for the checked one alone if it is another digit.

    Each id is that of an upload. Those whose audit waits stay in the queue.
    """
    with lock_corrections([user.pk]):
        given = {checked, *others}
        saved = given - audited_uploads(given)
        waiting = selectors.with_glyphs(queue_of(user, WHOLE_QUEUE).filter(upload__in=saved)).order_by()
        by_upload = {prediction.upload_id: prediction for prediction in waiting}
        head = by_upload.pop(checked, None)
        if head is None:
            raise Problem("conflict", _("This picture was reviewed in the meantime. Reload the page."))
        is_whole = head.written == digit
        same = [each for each in by_upload.values() if is_whole and each.written == digit]
        correct_each([head, *same], by=user, kind=Correction.Kind.CORRECT, written=digit)
    return SavedGroup(digit, 1 + len(same), is_whole)
