"""Admin pages of notices."""

from django.contrib import admin

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import Notice


@admin.register(Notice)
class NoticeAdmin(EvidenceAdmin):
    list_display = ["kind", "owner", "created_at", "read_at"]
    list_filter = [("read_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    date_hierarchy = "created_at"
    search_fields = ["=kind", "owner__username"]
