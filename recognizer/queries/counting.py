"""Counts of several subqueries by one query."""

from django.db.models import IntegerField, Subquery


class RowCount(Subquery):
    """The number of rows of a subquery, which may have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()
    empty_result_set_value = 0
