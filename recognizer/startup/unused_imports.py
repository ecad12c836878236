"""Imports without the parts of Django REST framework and drf-spectacular that no process of this product uses.

The first imports packages if they are installed: psycopg, also beside SQLite, requests and Pygments. The second imports
the client of Django's tests, and with it Jinja and unittest. Without them and XlsxWriter a web process has 167 MB at
rest instead of 187 (three alternated starts on SQLite).
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

# What `rest_framework.compat` looks for: fields of PostgreSQL that no model has, and helps for pages that are not on.
OPTIONAL = ("django.contrib.postgres", "requests", "pygments")


def import_rest_framework() -> None:
    """Import what looks for optional packages. Call it before templates or views import it."""
    if "rest_framework.compat" not in sys.modules:
        with standing_in(dict.fromkeys(OPTIONAL)):
            import_module("rest_framework.compat")


def import_drf_spectacular() -> None:
    """Import what imports Django's test client for the generation of schemas. Call it before views import it."""
    if "drf_spectacular.plumbing" not in sys.modules and "rest_framework.test" not in sys.modules:
        stand_in = ModuleType("rest_framework.test")
        stand_in.APIRequestFactory = APIRequestFactory  # type: ignore[attr-defined]
        with standing_in({stand_in.__name__: stand_in}):
            import_module("drf_spectacular.plumbing")


class APIRequestFactory:
    """The class of this name in `rest_framework.test`, which is imported when a schema is generated."""

    def __new__(cls, *args: Any, **options: Any) -> Any:
        return import_module("rest_framework.test").APIRequestFactory(*args, **options)


@contextmanager
def standing_in(modules: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Let imports of the block find these modules; None, as if they were not installed."""
    known = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(modules)  # type: ignore[arg-type]  # None is what the import system takes for a missing module
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(known)
