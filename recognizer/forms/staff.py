"""Forms of the admin for accounts, with the rules for names and passwords that hold everywhere."""

from typing import Any

from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import User
from django.utils.translation import gettext, gettext_lazy

from recognizer.services.people.passwords import save_password
from recognizer.services.people.usernames import check_username


class NewUserForm(AdminUserCreationForm):
    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        check_username(username)
        return username


class PasswordStateWidget(ReadOnlyPasswordHashWidget):
    """A widget that tells whether a password is set, without parts of its hash."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        is_set = bool(value) and is_password_usable(value)
        state = gettext("A password is set.") if is_set else gettext("No password is set.")
        context: dict[str, Any] = super().get_context(name, value, attrs)
        return context | {"summary": [{"label": state}]}


class StaffUserForm(UserChangeForm):
    password = ReadOnlyPasswordHashField(label=gettext_lazy("Password"), widget=PasswordStateWidget)

    def clean_username(self) -> str:
        """Return the name. One that stays as it was is not checked, since it may be older than the rules."""
        username: str = self.cleaned_data["username"]
        if "username" in self.changed_data:
            check_username(username, excluded_id=self.instance.pk)
        return username

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        return email.lower()


class StaffPasswordForm(AdminPasswordChangeForm):
    """A password that the staff sets. It ends all sessions, revokes all tokens, and its owner is told."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if commit:
            save_password(user, keep_tokens=False)
        return user
