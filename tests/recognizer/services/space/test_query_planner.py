"""SQLite's statistics are updated by `prepare` and by the hourly purge."""

import pytest
from django.core.management import call_command
from django.db import connection

from recognizer import tasks
from recognizer.models import Upload


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("work", [lambda: call_command("prepare"), tasks.purge], ids=["prepare", "purge"])
def test_the_statistics_contain_the_number_of_rows(add_prediction, work):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL updates its statistics on its own.")
    for _ in range(30):
        add_prediction("7")
    work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = %s", [Upload._meta.db_table])
        assert {row[0].split()[0] for row in cursor.fetchall()} & {"30"}
