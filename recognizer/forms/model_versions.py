"""Forms of the model pages: a title with a note, and a day."""

from datetime import date

from django import forms
from django.utils.translation import gettext_lazy as _

DAY_EXPECTED = _("Write the day as 2026-03-31.")


class DescriptionForm(forms.Form):
    title = forms.CharField(
        required=False, max_length=60, error_messages={"max_length": _("The title has at most 60 characters.")}
    )
    note = forms.CharField(
        required=False, max_length=1_000, error_messages={"max_length": _("The note has at most 1,000 characters.")}
    )


class DayForm(forms.Form):
    on = forms.RegexField(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", required=False, error_messages={"invalid": DAY_EXPECTED})

    def clean_on(self) -> date | None:
        text = self.cleaned_data["on"]
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(DAY_EXPECTED) from error
