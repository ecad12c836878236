"""Statistics that SQLite needs to choose the right index."""

from django.db import connection


def update_planner_statistics() -> None:
    """Update SQLite's statistics; PostgreSQL does so on its own.

    Without them SQLite guesses how selective an index is. With 100,000 pictures it guesses wrong and scans an owner's
    whole history to find sixty rows. The bounded analysis takes about 30 ms.
    """
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA analysis_limit=400")
        cursor.execute("ANALYZE")
