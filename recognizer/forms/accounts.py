"""Forms of accounts: sign-up, password, email address, API tokens and deletion."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    SetPasswordForm,
    SetPasswordMixin,
    UserCreationForm,
)
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from recognizer.models.access import Scope
from recognizer.services.account_state import is_being_deleted


class WeakPasswordMixin(SetPasswordMixin):
    """Password fields that show the errors of a weak password at the first field, not at its confirmation."""

    def validate_password_for_user(self, user: User, password_field_name: str = "password2") -> None:  # noqa: S107
        super().validate_password_for_user(user, password_field_name.replace("2", "1"))


class PasswordOnlyMixin(SetPasswordForm):
    """Form that saves the password and no other field, since another request may have closed the account."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if commit:
            user.save(update_fields=["password"])
        return user


class NewPasswordForm(WeakPasswordMixin, PasswordOnlyMixin):
    pass


class ChangedPasswordForm(WeakPasswordMixin, PasswordOnlyMixin, PasswordChangeForm):
    pass


class LoginForm(AuthenticationForm):
    """The login form. It tells the owner of an account that is being deleted why the password does not work."""

    def get_invalid_login_error(self) -> ValidationError:
        user = User.objects.filter(username=self.cleaned_data.get("username"), is_active=False).first()
        if user and is_being_deleted(user.pk) and user.check_password(self.cleaned_data.get("password")):
            return ValidationError(_("This account is being deleted."), code="account_deletion")
        return super().get_invalid_login_error()


class SignupForm(WeakPasswordMixin, UserCreationForm):
    email = forms.EmailField(
        label=_("Email address"),
        required=False,
        help_text=_("Optional. It is used only to reset a forgotten password."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    class Meta:
        model = User
        fields = ["username", "email"]


class EmailForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["email"]
        labels = {"email": _("Email address")}
        help_texts = {"email": _("Optional. It is used only to reset a forgotten password.")}
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}

    def save(self, commit: bool = True) -> User:
        """Save the address and no other field, since another request may have closed the account."""
        user: User = super().save(commit=False)
        if commit:
            user.save(update_fields=["email"])
        return user


class TokenForm(forms.Form):
    """A new API token."""

    DAYS = [("", _("Never")), ("30", _("In 30 days")), ("365", _("In one year"))]

    id = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)  # a form that is sent twice creates one token
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("The program that uses the token, for example “backup script”.")
    )
    scope = forms.ChoiceField(label=_("Access"), choices=[(scope, capfirst(scope.label)) for scope in Scope])
    days = forms.ChoiceField(label=_("Expires"), choices=DAYS, required=False)

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class DeleteAccountForm(forms.Form):
    """The password that confirms the deletion of an account."""

    password = forms.CharField(
        label=_("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self.user.check_password(password):
            raise forms.ValidationError(_("The password is wrong."))
        return password
