"""What all admin pages share: rows are looked at, with their pictures, and never changed by hand."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html


class EvidenceAdmin(admin.ModelAdmin):
    """Rows that say what happened: looked at, never added or changed here."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PictureAdmin(EvidenceAdmin):
    """Evidence with a picture, which staff who may see the row may see too."""

    picture_name: str

    def serve(self, request: HttpRequest, row: Any) -> HttpResponseBase:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view)
        return [path("<uuid:pk>/picture/", view, name=self.picture_name), *super().get_urls()]

    def picture_view(self, request: HttpRequest, pk: UUID) -> HttpResponseBase:
        row = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self.serve(request, row)

    def shown(self, pk: UUID, alt: str) -> str:
        return picture_of(reverse(f"admin:{self.picture_name}", args=[pk]), alt)


def picture_of(url: str, alt: str) -> str:
    return format_html('<img src="{}" alt="{}" height="48" loading="lazy">', url, alt)
