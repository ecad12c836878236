"""Outages of the storage, the database and the model's files as problems.

They pass, and neither a picture nor a job is at fault.
"""

import errno
import sqlite3

from django.db import Error

from mlcore.artifact import ArtifactError
from recognizer.problems import Problem

OUTAGES = ("storage_full", "storage_unavailable", "database_unavailable")

FULL = {errno.ENOSPC, errno.EDQUOT}
UNUSABLE = {
    errno.EROFS,
    errno.EIO,
    errno.EACCES,
    errno.EPERM,
    errno.ENODEV,
    errno.ENXIO,
    errno.ESTALE,
    errno.EMFILE,
    errno.ENFILE,
}
# Other errors that SQLite reports as operational, such as a missing column, are defects of this software.
SQLITE_UNUSABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
POSTGRES_FULL = "53100"
# Connection lost, deadlock or serialization failure, resources, operator intervention, system error
POSTGRES_UNUSABLE = ("08", "40", "53", "57", "58")
POSTGRES_READ_ONLY = "25006"


def problem_of_outage(error: BaseException) -> Problem | None:
    """Return the problem that people are told if the storage or the database caused the error. Otherwise return None.

    A missing file is no outage: it stays missing. Files of a model that vanish while it runs are one: the model is
    loaded, and only what is read from them later has to wait until they are restored.
    """
    if isinstance(error, ArtifactError):
        return Problem("model_unavailable")
    if isinstance(error, OSError):
        return _problem_of_storage(error)
    if isinstance(error, Error):
        return _problem_of_database(error)
    return None


def _problem_of_storage(error: OSError) -> Problem | None:
    if error.errno in FULL:
        return Problem("storage_full")
    return Problem("storage_unavailable") if error.errno in UNUSABLE else None


def _problem_of_database(error: Error) -> Problem | None:
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the extension that tells details
        if code == sqlite3.SQLITE_FULL:
            return Problem("storage_full")
        return Problem("database_unavailable") if code in SQLITE_UNUSABLE else None
    state: str | None = getattr(cause, "sqlstate", None)
    if state == POSTGRES_FULL:
        return Problem("storage_full")
    if state == POSTGRES_READ_ONLY or (state or "").startswith(POSTGRES_UNUSABLE):
        return Problem("database_unavailable")
    # psycopg reports a server that cannot be reached, or a closed connection, without a state.
    is_unreachable = state is None and type(cause).__name__ in ("OperationalError", "InterfaceError", "PoolTimeout")
    return Problem("database_unavailable") if is_unreachable else None
