"""Form of the notices: which ones were seen."""

from datetime import datetime

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.queries.pagination import parse_datetime

UNKNOWN_TIME = _("Reload the page and mark the notices again.")


class ReadForm(forms.Form):
    """The time of the newest notice that was shown. All up to it are marked as read."""

    until = forms.CharField(max_length=40, error_messages={"required": UNKNOWN_TIME, "max_length": UNKNOWN_TIME})

    def clean_until(self) -> datetime:
        try:
            return parse_datetime(self.cleaned_data["until"])
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(UNKNOWN_TIME) from error
