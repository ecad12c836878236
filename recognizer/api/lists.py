"""Lists, one page at a time."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from recognizer.bodies.plain import Body, write
from recognizer.problems import Problem
from recognizer.queries.pagination import SortOrder, fetch_page

PAGE_SIZE = 50
LARGEST_PAGE = 200

Item = TypeVar("Item", bound=Body)


def page_response(
    page_body: Callable[[str | None, str | None, list[Item]], Body],
    request: Request,
    rows: "QuerySet[Any]",
    order: SortOrder,
    bodies_of: Callable[[list[Any]], list[Item]],
) -> Response:
    """Return the page of rows that the request's query asks for."""
    page = fetch_page(rows, order, size=page_size(request), cursor=request.query_params.get("cursor", ""))
    return Response(write(page_body(_link(request, page.older), _link(request, page.newer), bodies_of(page.rows))))


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(PAGE_SIZE))
    size = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PAGE)) else 0
    if not 0 < size <= LARGEST_PAGE:
        raise Problem("invalid", f"page_size must be 1 to {LARGEST_PAGE}.")
    return size


def _link(request: Request, cursor: str) -> str | None:
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor) if cursor else None
