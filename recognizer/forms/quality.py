"""Forms of the page "How good is it?"."""

from django import forms
from django.utils.translation import gettext_lazy as _

from mlcore.quality.promise import WISHES


class WishForm(forms.Form):
    """The error rate that is wished for a stream; empty for none."""

    wish = forms.TypedChoiceField(
        choices=[("", ""), *((str(wish), "") for wish in WISHES)],
        coerce=float,
        empty_value=None,
        required=False,
        error_messages={"invalid_choice": _("Choose one of the error rates.")},
    )


class SecondLookForm(forms.Form):
    """The answer of a person who looks again at an audited answer that was corrected."""

    said = forms.ChoiceField(choices=[("right", ""), ("wrong", "")])
