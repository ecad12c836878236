"""Forms of the choices that readings follow."""

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
