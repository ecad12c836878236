"""Admin pages of accounts and API tokens."""

from collections.abc import Iterable
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from recognizer.admin.base import EvidenceAdmin
from recognizer.models import ApiToken
from recognizer.services.account_state import is_being_deleted
from recognizer.services.people.accounts import request_deletion

admin.site.unregister(User)
admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class EmailAddressAdmin(EvidenceAdmin):
    """Admin of e-mail addresses. Only their owners verify them: a verified address can take over the account."""

    list_display = ["email", "user", "verified"]
    list_filter = ["verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__username"]
    ordering = ["email"]


@admin.register(User)
class UserAdmin(auth_admin.UserAdmin):
    """Admin of accounts. Deleting one closes it at once, and a job deletes its rows and files."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Forbid changes of an account that is being deleted. Saving the form would open it again."""
        return super().has_change_permission(request, obj) and not (obj and is_being_deleted(obj.pk))

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Name the accounts only. Django would list every row and ask for permissions that nobody has."""
        named = [f"{user}, with all pictures and data of the account" for user in objs]
        return named, {User._meta.verbose_name_plural: len(named)}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            request_deletion(user)
        self.message_user(request, "The accounts are closed. Their pictures and data are deleted in the background.")


@admin.register(ApiToken)
class ApiTokenAdmin(EvidenceAdmin):
    list_display = ["name", "user", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow deletion, for tokens that leaked. No other row refers to a token."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
