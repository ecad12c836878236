"""Admin pages of accounts and API tokens."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet, prefetch_related_objects
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest

from recognizer.admin.base import EvidenceAdmin, RelatedListsAdmin, render_badge
from recognizer.forms.staff import NewUserForm, StaffPasswordForm, StaffUserForm
from recognizer.models import ApiToken, ExportLink
from recognizer.services.account_state import is_being_deleted
from recognizer.services.people.account_deletion import request_deletion
from recognizer.services.people.addresses import replace_address
from recognizer.services.people.export_links import revoke_link
from recognizer.services.people.tokens import revoke_token


def is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def may_manage(request: HttpRequest, user: User) -> bool:
    """Return whether the staff member may change or delete the account: superusers any, others those without rights."""
    return is_superuser(request) or not has_rights(user)


def has_rights(user: User) -> bool:
    """Return whether the account may do more than others, such as activate models."""
    return user.is_staff or user.is_superuser or user.user_permissions.exists() or user.groups.exists()


admin.site.unregister(User)
admin.site.unregister(Group)
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
class UserAdmin(RelatedListsAdmin, auth_admin.UserAdmin):
    """Admin of accounts. Deleting one closes it at once, and a job deletes its rows and files.

    Only superusers give rights, and only they change or delete accounts that have some: whoever sets the password or
    the e-mail address of an account can use its rights.
    """

    form = StaffUserForm
    add_form = NewUserForm
    change_password_form = StaffPasswordForm
    rights = ("is_staff", "is_superuser", "groups", "user_permissions")
    list_display = ("username", "email", "status", "rights_in_words", "last_login", "date_joined")
    list_filter = ("is_staff", "is_superuser", "is_active")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name", "is_active", "password")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
        ("Rights", {"fields": ("is_staff", "is_superuser", "groups")}),
        ("Single permissions", {"fields": ("user_permissions",), "classes": ("collapse",)}),
    )
    related_lists: ClassVar[Mapping[str, str]] = {
        "upload": "owner__id__exact",
        "prediction": "owner__id__exact",
        "batch": "owner__id__exact",
        "apitoken": "user__id__exact",
    }

    @admin.display(description="status", ordering="is_active")
    def status(self, user: User) -> str:
        return render_badge("read", "active") if user.is_active else render_badge("", "closed")

    @admin.display(description="rights", ordering="is_staff")
    def rights_in_words(self, user: User) -> str:
        if user.is_superuser:
            return "superuser"
        return "staff" if user.is_staff else "–"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return check boxes for the groups, of which there are few."""
        if db_field.name != "groups":
            return super().formfield_for_manytomany(db_field, request, **kwargs)
        field = super().formfield_for_manytomany(db_field, request, widget=CheckboxSelectMultiple, **kwargs)
        if field:
            field.help_text = "" if Group.objects.exists() else "There are no groups yet."
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        readonly = [*super().get_readonly_fields(request, obj)]
        return readonly if is_superuser(request) else [*readonly, *self.rights]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Forbid changes of an account that is being deleted. Saving the form would open it again."""
        if obj and (is_being_deleted(obj.pk) or not may_manage(request, obj)):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and not may_manage(request, obj))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the account. A new e-mail address has to be verified by its owner, and the old one is told."""
        address, old = obj.email, form.initial.get("email", "")
        obj.email = old
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if address.lower() != old.lower():
                replace_address(obj, address)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """Name the accounts only. Django would list every row and ask for permissions that nobody has."""
        named = [f"{user}, with all pictures and data of the account" for user in objs]
        prefetch_related_objects([*objs], "user_permissions", "groups")
        refused = {str(user) for user in objs if not may_manage(request, user)}
        return named, {User._meta.verbose_name_plural: len(named)}, refused, []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            request_deletion(user)
        self.message_user(request, "The accounts are closed. Their pictures and data are deleted in the background.")


@admin.register(Group)
class GroupAdmin(auth_admin.GroupAdmin):
    """Admin of groups. Only superusers change them: others could give their own group every right."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


@admin.register(ExportLink)
class ExportLinkAdmin(EvidenceAdmin):
    list_display = ["batch", "owner", "created_at", "expires_at", "last_used_at"]
    list_select_related = ["batch", "owner"]
    search_fields = ["batch__name", "owner__username"]
    exclude = ["digest"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow deletion, for links that leaked. No other row refers to a link."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: ExportLink) -> None:
        revoke_link(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ExportLink]) -> None:
        for link in queryset:
            revoke_link(link)


@admin.register(ApiToken)
class ApiTokenAdmin(EvidenceAdmin):
    list_display = ["name", "user", "scope", "created_at", "expires_at", "revoked_at", "last_used_at"]
    list_filter = ["scope", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    ordering = ["-created_at"]
    search_fields = ["name", "user__username"]
    exclude = ["digest"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Allow deletion, for tokens that leaked. No other row refers to a token."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        revoke_token(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        for token in queryset:
            self.delete_model(request, token)
