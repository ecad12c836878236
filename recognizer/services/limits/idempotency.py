"""One key, one creation: whoever repeats a request gets the first answer again and makes nothing twice."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from recognizer.models import IdempotencyRecord
from recognizer.problems import Problem

# A process that died holds its key no longer than this.
RUNS_AT_MOST = timedelta(seconds=60)


def fingerprint(*parts: Any) -> str:
    """What makes two requests the same: the pictures' hashes and the parameters, not how they were encoded."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def claim(*, owner_id: int, key: str, fingerprint: str) -> IdempotencyRecord:
    """A record to work under (no status yet), or the finished one whose answer is given again."""
    record = IdempotencyRecord(user_id=owner_id, key=key, fingerprint=fingerprint)
    try:
        with transaction.atomic():
            record.save(force_insert=True)
    except IntegrityError:
        return _claim_again(owner_id, key, fingerprint)
    return record


def _claim_again(owner_id: int, key: str, fingerprint: str) -> IdempotencyRecord:
    record = IdempotencyRecord.objects.filter(user=owner_id, key=key).first()
    if record and record.fingerprint != fingerprint:
        raise Problem("idempotency_key_reused")
    if record and record.status is not None:
        return record
    now = timezone.now()
    if record and _held(record).filter(created_at__lt=now - RUNS_AT_MOST).update(created_at=now):
        record.created_at = now
        return record
    raise Problem("idempotency_key_in_use")


def finish(record: IdempotencyRecord, *, status: int, body: Any) -> None:
    """Store the answer. Call it inside the creation's transaction: if another process has taken the key over, what
    was created here is rolled back."""
    if not _held(record).update(status=status, body=body):
        raise Problem("idempotency_key_in_use")


@contextmanager
def released_on_error(record: IdempotencyRecord) -> Iterator[None]:
    """A creation that failed leaves its key free."""
    try:
        yield
    except BaseException:
        _held(record).delete()
        raise


def _held(record: IdempotencyRecord) -> Any:
    """The row, as long as nobody else has taken it over."""
    return IdempotencyRecord.objects.filter(pk=record.pk, status=None, created_at=record.created_at)
