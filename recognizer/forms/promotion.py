"""Form of a promotion: why a model is activated although the comparison does not speak for it."""

from django import forms
from django.utils.translation import gettext_lazy as _


class PromotionForm(forms.Form):
    reason = forms.CharField(
        required=False, max_length=200, error_messages={"max_length": _("The reason has at most 200 characters.")}
    )
