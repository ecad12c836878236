"""Forms of the model pages: a title with a note, and a day."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DescriptionForm(forms.Form):
    title = forms.CharField(
        required=False, max_length=60, error_messages={"max_length": _("The title has at most 60 characters.")}
    )
    note = forms.CharField(
        required=False, max_length=1_000, error_messages={"max_length": _("The note has at most 1,000 characters.")}
    )


class DayForm(forms.Form):
    on = forms.DateField(required=False, error_messages={"invalid": _("Write the day as 2026-03-31.")})
