"""Idempotency keys: a repeated request with the same key gets the first answer again and creates nothing."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognizer.models import IdempotencyRecord
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account

# A process that died holds its key no longer than this.
MAX_RUN_TIME = timedelta(seconds=60)
CREATED = 201


def fingerprint(*parts: Any) -> str:
    """Return a hash of the pictures' hashes and the parameters; how they were encoded does not count."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def claim_key(*, owner_id: int, key: str, fingerprint: str) -> IdempotencyRecord:
    """Return a record to create something under, or the finished record of the first request.

    Raises Problem while the first request runs, and if it had another fingerprint.
    """
    record = IdempotencyRecord(user_id=owner_id, key=key, fingerprint=fingerprint)
    try:
        with transaction.atomic():
            require_open_account(owner_id)
            record.save(force_insert=True)
    except IntegrityError:
        return _claim_existing(owner_id, key, fingerprint)
    return record


def _claim_existing(owner_id: int, key: str, fingerprint: str) -> IdempotencyRecord:
    record = IdempotencyRecord.objects.filter(user=owner_id, key=key).first()
    if record and record.fingerprint != fingerprint:
        raise Problem("idempotency_key_reused")
    if record and record.status is not None:
        return record
    now = timezone.now()
    if record and _unfinished(record).filter(created_at__lt=now - MAX_RUN_TIME).update(created_at=now):
        record.created_at = now
        return record
    raise Problem("idempotency_key_in_use")


def store_created_id(record: IdempotencyRecord, created_id: UUID) -> None:
    """Finish the record with the key of the created row. Call it inside the creation's transaction.

    Raises Problem, which rolls the creation back, if another process has taken the key over.
    """
    body = {"id": str(created_id)}
    if not _unfinished(record).update(status=CREATED, body=body):
        raise Problem("idempotency_key_in_use")
    record.status, record.body = CREATED, body


def store_answer(record: IdempotencyRecord, *, status: int, body: Any) -> None:
    """Store the rendered answer, so that a replay is identical even if the created row has changed since.

    It is stored as text, because PostgreSQL's JSON type does not keep the order of keys.
    """
    IdempotencyRecord.objects.filter(pk=record.pk).update(status=status, body=json.dumps(body))


def stored_answer(record: IdempotencyRecord) -> Any:
    """Return the stored answer, or None if a process died before it was stored; then only the row's key is."""
    if isinstance(record.body, str):
        return json.loads(record.body)
    # Records of older releases hold the answer itself.
    return record.body if record.body and record.body.keys() != {"id"} else None


@contextmanager
def released_on_error(record: IdempotencyRecord) -> Iterator[None]:
    """Delete the record if the creation fails, so that the key can be used again."""
    try:
        yield
    except BaseException:
        _unfinished(record).delete()
        raise


def _unfinished(record: IdempotencyRecord) -> QuerySet[IdempotencyRecord]:
    """Return the row, unless it is finished or another process has taken it over."""
    return IdempotencyRecord.objects.filter(pk=record.pk, status=None, created_at=record.created_at)
