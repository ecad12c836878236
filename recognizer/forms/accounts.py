"""Forms of accounts: sign-up, password, email address, API tokens and deletion."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm, SetPasswordMixin, UserCreationForm
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from recognizer.models.access import Scope


class WeakPasswordMixin(SetPasswordMixin):
    """Password fields that show the errors of a weak password at the first field, not at its confirmation."""

    def validate_password_for_user(self, user: User, password_field_name: str = "password2") -> None:  # noqa: S107
        super().validate_password_for_user(user, password_field_name.replace("2", "1"))


class NewPasswordForm(WeakPasswordMixin, SetPasswordForm):
    pass


class ChangedPasswordForm(WeakPasswordMixin, PasswordChangeForm):
    pass


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
