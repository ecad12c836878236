"""What people may send, and the words for what they may not."""

import json
import sys
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm, SetPasswordMixin, UserCreationForm
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models import Upload
from recognizer.models.access import Scope
from recognizer.models.prediction import Mode

MAX_STROKE_BYTES = 1_000_000


class WeakPasswordMixin(SetPasswordMixin):
    """What is wrong with a password is said where it was thought up, not under its repetition."""

    def validate_password_for_user(self, user: User, password_field_name: str = "password2") -> None:  # noqa: S107
        super().validate_password_for_user(user, password_field_name.replace("2", "1"))


class NewPasswordForm(WeakPasswordMixin, SetPasswordForm):
    pass


class ChangedPasswordForm(WeakPasswordMixin, PasswordChangeForm):
    pass


class SignupForm(WeakPasswordMixin, UserCreationForm):
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("Only to reset a forgotten password. You may leave it empty."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    class Meta:
        model = User
        fields = ["username", "email"]


class StrokesField(forms.CharField):
    """What the pad drew: strokes, each with its pen width, whether it erases, and points [x, y, pressure, ms]."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if len(text) > MAX_STROKE_BYTES:
            raise forms.ValidationError(_("The drawing is too long."))
        try:
            strokes = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("The drawing was not understood.")) from error
        if not _are_strokes(strokes):
            raise forms.ValidationError(_("The drawing was not understood."))
        return strokes


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no coordinate")


def _are_strokes(strokes: Any) -> bool:
    return isinstance(strokes, list) and all(_is_stroke(stroke) for stroke in strokes)


def _is_stroke(stroke: Any) -> bool:
    return (
        isinstance(stroke, dict)
        and set(stroke) == {"pen", "erases", "points"}
        and _is_number(stroke["pen"])
        and isinstance(stroke["erases"], bool)
        and isinstance(stroke["points"], list)
        and all(isinstance(p, list) and len(p) == 4 and all(_is_number(n) for n in p) for p in stroke["points"])
    )


def _is_number(value: Any) -> bool:
    # math.isfinite fails on a whole number that no float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


class ReadForm(forms.Form):
    """What stands beside a picture that is to be read. The picture itself is checked by the reader alone."""

    GIVEN = [Upload.Source.UPLOAD, Upload.Source.DRAWING, Upload.Source.CAMERA, Upload.Source.PASTE]

    mode = forms.ChoiceField(choices=Mode.choices, required=False)
    source = forms.ChoiceField(choices=[(source, source.label) for source in GIVEN], required=False)
    strokes = StrokesField(required=False, strip=False)

    def clean_mode(self) -> str:
        return self.cleaned_data["mode"] or Mode.AUTO

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or Upload.Source.UPLOAD


class EmailForm(forms.ModelForm):
    """Where a forgotten password is reset."""

    class Meta:
        model = User
        fields = ["email"]
        labels = {"email": _("E-mail")}
        help_texts = {"email": _("Only to reset a forgotten password. It may be empty.")}
        widgets = {"email": forms.EmailInput(attrs={"autocomplete": "email"})}


class TokenForm(forms.Form):
    """A new API token."""

    DAYS = [("", _("never")), ("30", _("in 30 days")), ("365", _("in a year"))]

    id = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)  # sent twice, a form makes one token
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What the program is that uses it."))
    scope = forms.ChoiceField(label=_("It may"), choices=Scope.choices)
    days = forms.ChoiceField(label=_("It expires"), choices=DAYS, required=False)

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


class DeleteAccountForm(forms.Form):
    """Who deletes everything proves once more who they are."""

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
            raise forms.ValidationError(_("This is not your password."))
        return password
