"""Forms of the choices of an account."""

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.models.prediction import Decimal


class DecimalForm(forms.Form):
    """The decimal mark; empty where a point or a comma may mean either."""

    decimal = forms.ChoiceField(
        choices=Decimal.choices,
        required=False,
        error_messages={"invalid_choice": _("This decimal mark does not exist. Reload the page and try again.")},
    )


class ConsentForm(forms.Form):
    """The consent to trainings, or to looks of trainers: "yes" gives it, "no" withdraws it."""

    consent = forms.ChoiceField(
        choices=[("yes", "yes"), ("no", "no")],
        error_messages={
            "required": _("Choose one of the two buttons."),
            "invalid_choice": _("This choice does not exist. Reload the page and try again."),
        },
    )


class PicturesKeptForm(forms.Form):
    """The number of days after which pictures are removed; empty for never."""

    DAYS = (30, 90, 365)

    days = forms.TypedChoiceField(
        choices=[(days, days) for days in DAYS],
        coerce=int,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": _("This choice does not exist. Reload the page and try again.")},
    )
