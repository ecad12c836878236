"""The check whether the tables are those of this release."""

import time

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

CHECK_EVERY_SECONDS = 5.0


class MigrationCheck:
    """The state of the migrations, which is asked at most every few seconds. Reading those of the release is slow."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.wanted: frozenset[tuple[str, str]] | None = None
        self.checked_at, self.last = -float("inf"), "down"

    def state(self) -> str:
        """Return `ok`, `newer` if a newer release has migrated the database, or `down` if migrations are missing."""
        now = time.monotonic()
        if now - self.checked_at >= CHECK_EVERY_SECONDS:
            self.checked_at, self.last = now, self._ask()
        return self.last

    def _ask(self) -> str:
        if self.wanted is None:
            self.wanted = frozenset(MigrationLoader(None).disk_migrations or ())
        try:
            applied = set(MigrationRecorder(connection).applied_migrations())
        except DatabaseError:
            return "down"
        if self.wanted - applied:
            return "down"
        return "newer" if applied - self.wanted else "ok"


migration_check = MigrationCheck()
