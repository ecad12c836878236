"""What all admin pages share: rows are looked at, with their pictures, and never changed by hand."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Min, Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html


class Timeline(QuerySet):
    """For the date hierarchy, which reads the whole table to say on which days there is something. An index knows the
    first moment and the last, and the days between are counted out, whether or not anything happened on them."""

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if set(kwargs) != {"first", "last"}:
            return super().aggregate(*args, **kwargs)
        # One at a time: asked for both ends at once, SQLite walks from one to the other.
        return {name: super(Timeline, self).aggregate(**{name: end})[name] for name, end in kwargs.items()}

    def datetimes(self, field_name: str, kind: str, *args: Any, **kwargs: Any) -> Any:
        ends = self.aggregate(first=Min(field_name), last=Max(field_name))
        if ends["first"] is None:
            return []
        first, last = (timezone.localtime(end).date() for end in ends.values())
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        if kind == "day":
            return days
        return sorted({day.replace(month=day.month if kind == "month" else 1, day=1) for day in days})


class KnownValues(admin.SimpleListFilter):
    """A filter whose choices are known; Django's own reads the whole table for them."""

    parameter_name: str
    values: Sequence[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, value) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class EvidenceAdmin(admin.ModelAdmin):
    """Rows that say what happened: looked at, never added, changed or deleted here."""

    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Timeline(self.model).order_by(*self.get_ordering(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Django would delete the rows alone: their files would stay on the disk, and no reading would be current."""
        return False


class PictureAdmin(EvidenceAdmin):
    """Evidence with a picture, which staff who may see the row may see too.

    Its files are to be excluded: Django would link to their addresses in the storage, which nothing serves.
    """

    picture_name: str
    readonly_fields = ["picture_opened"]

    def serve(self, request: HttpRequest, row: Any) -> HttpResponseBase:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        return [self.door("picture", self.picture_name, self.serve), *super().get_urls()]

    def door(self, route: str, name: str, serve: Callable[[HttpRequest, Any], HttpResponseBase]) -> URLPattern:
        def view(request: HttpRequest, pk: UUID) -> HttpResponseBase:
            row = get_object_or_404(self.model, pk=pk)
            if not self.has_view_permission(request, row):
                raise PermissionDenied
            return serve(request, row)

        return path(f"<uuid:pk>/{route}/", self.admin_site.admin_view(view), name=name)

    def shown(self, pk: UUID, alt: str) -> str:
        return picture_of(reverse(f"admin:{self.picture_name}", args=[pk]), alt)

    @admin.display(description="picture")
    def picture_opened(self, row: Any) -> str:
        """Small, and a link to it in full."""
        return format_html('<a href="{}">{}</a>', self.full_url(row.pk), self.shown(row.pk, str(row)))

    def full_url(self, pk: UUID) -> str:
        return reverse(f"admin:{self.picture_name}", args=[pk])


def picture_of(url: str, alt: str) -> str:
    return format_html('<img src="{}" alt="{}" height="48" loading="lazy">', url, alt)
