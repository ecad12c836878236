"""What the database has to know to plan its queries well."""

from django.db import connection


def tell_sizes() -> None:
    """SQLite guesses how selective an index is until it has looked, and with a hundred thousand pictures it guesses
    wrong: it walks over all of a person's history to find sixty of them. A bounded look costs some 30 ms. PostgreSQL
    does this by itself."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA analysis_limit=400")
        cursor.execute("ANALYZE")
