"""The state of an account under deletion, which every door and every worker respects."""

import logging
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, connection
from django.db.models import Q, QuerySet

from recognizer.models import AccountDeletion, Batch, Job, PersonalExport, Prediction, TableExport
from recognizer.problems import Problem

logger = logging.getLogger(__name__)


def owners_being_deleted() -> QuerySet[AccountDeletion, Any]:
    """Return the numbers of the accounts that are or were deleted, as a subquery."""
    return AccountDeletion.objects.values("owner_id")


def is_being_deleted(owner_id: int) -> bool:
    """Return whether the deletion of the account was requested. It stays true for a while after its end."""
    return AccountDeletion.objects.filter(owner_id=owner_id).exists()


def refuse_deleted_session(user_key: str | None) -> None:
    """Raise Problem if a session belongs to an account that is being deleted. `user_key` is stored in the session.

    After the end of the deletion nobody is logged in by such a session, and nothing is raised.
    """
    if user_key and user_key.isdigit():
        unfinished = AccountDeletion.objects.filter(owner_id=int(user_key), finished_at=None)
        if unfinished.exists():
            raise Problem("account_deletion")


def problem_of_deletion(owner_id: int | None, error: Exception) -> Problem | None:
    """Return the problem to answer instead of an error, if the account was deleted while its request ran.

    Rows and files vanish under such a request, which ends in various errors of the database and the storage.
    """
    try:
        if owner_id is None or not is_being_deleted(owner_id):
            return None
    except DatabaseError:
        return None
    logger.info("A request of the deleted account %s ended with %s: %s", owner_id, type(error).__name__, error)
    return Problem("account_deletion")


def require_open_account(owner_id: int) -> None:
    """Raise Problem if the account is being deleted. Call it first in a transaction that writes rows of the owner.

    On PostgreSQL the lock makes a deletion wait for the end of the transaction, and lets other writers pass. SQLite
    has one writer at a time.
    """
    lock = " FOR SHARE" if connection.vendor == "postgresql" else ""
    table = connection.ops.quote_name(User._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT is_active FROM {table} WHERE id = %s{lock}", [owner_id])  # noqa: S608
        row = cursor.fetchone()
    if row and row[0]:
        return
    if row is None or is_being_deleted(owner_id):
        raise Problem("account_deletion")


def lock_open_account(user_id: int) -> User:
    """Return the account, locked until the end of the transaction. Raise Problem if it is being deleted."""
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None or (not user.is_active and is_being_deleted(user_id)):
        raise Problem("account_deletion")
    return user


def is_owner_being_deleted(job: Job) -> bool:
    """Return whether the job works for an account that is being deleted."""
    if job.prediction_id:
        owners: QuerySet[Any, Any] = Prediction.objects.filter(pk=job.prediction_id).values("owner_id")
    elif job.batch_id:
        owners = Batch.objects.filter(pk=job.batch_id).values("owner_id")
    else:
        owners = PersonalExport.objects.filter(job=job.pk).values("owner_id")
    tables = TableExport.objects.filter(job=job.pk).values("owner_id")
    return AccountDeletion.objects.filter(Q(owner_id__in=owners) | Q(owner_id__in=tables)).exists()
