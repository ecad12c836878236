"""Lists, a page at a time."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from recognizer.api.bodies import Body
from recognizer.pagination import SortOrder, fetch_page
from recognizer.problems import Problem

PAGE_SIZE = 50
LARGEST_PAGE = 200


def page_body(
    request: Request, rows: "QuerySet[Any]", order: SortOrder, bodies_of: Callable[[list[Any]], list[Body]]
) -> Body:
    page = fetch_page(rows, order, size=size_of(request), cursor=request.query_params.get("cursor", ""))
    return {
        "next": _link(request, page.older),
        "previous": _link(request, page.newer),
        "results": bodies_of(page.rows),
    }


def size_of(request: Request) -> int:
    given = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= LARGEST_PAGE):
        raise Problem("invalid", f"page_size is 1 to {LARGEST_PAGE}.")
    return int(given)


def _link(request: Request, cursor: str) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None
