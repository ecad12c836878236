"""Who may come in."""

from django.contrib import admin

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(EvidenceAdmin):
    list_display = ["name", "user", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]
