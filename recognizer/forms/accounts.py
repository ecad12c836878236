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
from recognizer.services.people.passwords import save_password
from recognizer.services.people.usernames import check_username
from recognizer.services.security_log import Event, log_refusal

PASSWORD_HELP = _("At least 8 characters. Not a common password, and not similar to your username or email address.")


class WeakPasswordMixin(SetPasswordMixin):
    """Password fields with their rules in plain words, and the errors of a weak password at the first of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "new_password1"):
            if name in self.fields:  # type: ignore[attr-defined]
                self.fields[name].help_text = PASSWORD_HELP  # type: ignore[attr-defined]
        for name in ("password2", "new_password2"):
            if name in self.fields:  # type: ignore[attr-defined]
                self.fields[name].help_text = ""  # type: ignore[attr-defined]

    def validate_password_for_user(self, user: User, password_field_name: str = "password2") -> None:  # noqa: S107
        super().validate_password_for_user(user, password_field_name.replace("2", "1"))


class KeptTokensMixin(SetPasswordForm):
    """A new password, and whether the API tokens stay valid."""

    keep_tokens = forms.ChoiceField(
        label=_("API tokens"),
        choices=[("", _("Revoke all. Programs need new ones.")), ("on", _("Keep all"))],
        required=False,
        widget=forms.RadioSelect,
    )

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        if commit:
            save_password(user, keep_tokens=bool(self.cleaned_data["keep_tokens"]))
        return user


class NewPasswordForm(WeakPasswordMixin, KeptTokensMixin):
    pass


class ChangedPasswordForm(WeakPasswordMixin, KeptTokensMixin, PasswordChangeForm):
    def clean_old_password(self) -> str:
        try:
            return super().clean_old_password()
        except forms.ValidationError:
            log_refusal(Event.PASSWORD_REFUSED, account=self.user.pk)
            raise


class LoginForm(AuthenticationForm):
    """The login form. It tells the owner of an account that is being deleted why the password does not work."""

    error_messages = AuthenticationForm.error_messages | {"invalid_login": _("The username or the password is wrong.")}

    def get_invalid_login_error(self) -> ValidationError:
        """Mark both fields, since either may be wrong, and start in the password, which has to be typed again."""
        for field in self.fields.values():
            field.widget.attrs |= {"aria-invalid": "true", "autofocus": field is self.fields["password"]}
        user = User.objects.filter(username=self.cleaned_data.get("username"), is_active=False).first()
        if user and is_being_deleted(user.pk) and user.check_password(self.cleaned_data.get("password")):
            return ValidationError(_("This account is being deleted."), code="account_deletion")
        return super().get_invalid_login_error()


class EmailField(forms.EmailField):
    """An e-mail address in lower case, as accounts store it."""

    widget = forms.EmailInput(attrs={"autocomplete": "email"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=User._meta.get_field("email").max_length, **kwargs)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).lower()


EMAIL_HELP = _("Optional. It is used to reset a forgotten password, and to tell you of changes to your account.")


class SignupForm(WeakPasswordMixin, UserCreationForm):
    email = EmailField(label=_("Email address"), required=False, help_text=EMAIL_HELP)

    class Meta:
        model = User
        fields = ["username", "email"]
        help_texts = {"username": _("Up to 150 letters, digits, and any of @\xa0.\xa0+\xa0-\xa0_")}

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        check_username(username)
        return username


class EmailForm(forms.Form):
    """The address of an account. Without one, the address is removed."""

    email = EmailField(label=_("Email address"), required=False, help_text=EMAIL_HELP)


class ResetForm(forms.Form):
    """The address whose owner forgot a password."""

    email = EmailField(label=_("Email address"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs["autofocus"] = True


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


class OwnPasswordForm(forms.Form):
    """The password of the account, which confirms a deletion, or that it is still its owner who is logged in."""

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
            log_refusal(Event.PASSWORD_REFUSED, account=self.user.pk)
            raise forms.ValidationError(_("The password is wrong."))
        return password
