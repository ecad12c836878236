"""The setting of the planner that each connection to PostgreSQL gets."""

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("options", "cost"), [("", "1.1"), ("-c random_page_cost=4", "4"), ("-c random_page_cost=2", "2")]
)
def test_a_connection_expects_fast_lookups_unless_the_operator_says_otherwise(options, cost):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such setting.")
    other = connection.copy()
    other.settings_dict = {**other.settings_dict, "OPTIONS": {**other.settings_dict["OPTIONS"], "options": options}}
    try:
        with other.cursor() as cursor:
            cursor.execute("SHOW random_page_cost")
            assert cursor.fetchone() == (cost,)
    finally:
        other.close()
