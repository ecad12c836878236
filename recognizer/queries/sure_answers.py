"""Sums over the sure answers in batches, written as SQL.

A table of predictions is joined with one of items by the uploads of both. Django would join the table of uploads
between them, which takes as long as both others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import UUIDField

from recognizer.models import Batch
from recognizer.queries.selectors import User

STATEMENT = """
SELECT item.batch_id, answer.stream_id, COUNT(*), SUM(1 - answer.confidence)
FROM recognizer_batchitem AS item
JOIN recognizer_batch AS batch ON batch.id = item.batch_id
JOIN recognizer_prediction AS answer ON answer.upload_id = item.upload_id
WHERE item.batch_id IN ({keys}) AND batch.owner_id = %s AND answer.is_current IN (%s) AND answer.decision = 'read'
AND answer.upload_id NOT IN (SELECT id FROM recognizer_upload WHERE owner_id = %s AND deleted_at IS NOT NULL)
GROUP BY item.batch_id, answer.stream_id
"""


@dataclass(frozen=True, slots=True)
class SureAnswers:
    """The sure answers of a stream in a batch."""

    batch_id: UUID
    stream_id: UUID | None
    count: int
    doubts: float  # sum of one minus the confidence


def sure_answers_in(user: User, batches: Sequence[Batch]) -> Iterator[SureAnswers]:
    """Yield the sums over the sure answers in the person's batches. The answers of deleted uploads are left out."""
    if not batches:
        return
    keys = [UUIDField().get_db_prep_value(batch.pk, connection) for batch in batches]
    statement = STATEMENT.format(keys=", ".join(["%s"] * len(keys)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*keys, user.pk, True, user.pk])
        for batch_id, stream_id, count, doubts in cursor.fetchall():
            yield SureAnswers(UUID(str(batch_id)), stream_id and UUID(str(stream_id)), count, doubts)
