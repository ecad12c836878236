"""The setting of PostgreSQL's planner that each connection gets."""

from typing import Any

from django.db.backends.signals import connection_created
from django.dispatch import receiver

# PostgreSQL's default, 4, is that of disks whose heads move: it reads a whole table of 100,000 pictures rather than
# look up 2,000 of them. What the operator has set stays, for the server, a database, a role or in DATABASE_URL.
EXPECT_FAST_LOOKUPS = """
SELECT set_config(name, '1.1', false) FROM pg_settings WHERE name = 'random_page_cost' AND source = 'default'
"""


@receiver(connection_created)
def expect_fast_lookups(connection: Any, **_values: Any) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(EXPECT_FAST_LOOKUPS)
