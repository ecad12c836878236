"""Forms of the explorer."""

from django import forms
from django.utils.translation import gettext_lazy as _

MAX_CELLS_LENGTH = 2_000  # 784 bytes in base64 take 1,048 characters


class ChangedInkForm(forms.Form):
    """A digit whose ink was changed, and the digit that it is to become."""

    DIGITS = [(str(digit), str(digit)) for digit in range(10)]

    cells = forms.CharField(max_length=MAX_CELLS_LENGTH, required=False)
    to = forms.ChoiceField(
        choices=DIGITS,
        required=False,
        error_messages={"invalid_choice": _("Choose a digit from 0 to 9.")},
    )
    part = forms.BooleanField(required=False)  # the script asks for the changed part of the page alone
