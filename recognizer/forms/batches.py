"""Forms of a batch's page: its table, its name and note, and numbers that are typed into the table."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.forms.accounts import TokenForm
from recognizer.forms.reading import PAGE_MODES, UNKNOWN_MODE, ReadAgainForm
from recognizer.models import Batch
from recognizer.problems import Problem
from recognizer.services.batches.archives import shown_name
from recognizer.services.batches.table import ORDERS, ROWS_ON_PAGE, SHOWN


class TableForm(forms.Form):
    """Search, filter, order and page of the table."""

    q = forms.CharField(label=_("Search"), required=False, max_length=100)
    shown = forms.ChoiceField(label=_("Show"), required=False, choices=list(SHOWN.items()))
    ordering = forms.ChoiceField(
        label=_("Sort by"), required=False, choices=[(name, label) for name, (label, *_order) in ORDERS.items()]
    )
    page = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_ordering(self) -> str:
        return self.cleaned_data["ordering"] or "name"

    @property
    def is_filtered(self) -> bool:
        return bool(self.cleaned_data["q"] or self.cleaned_data["shown"])


class BatchForm(forms.ModelForm):
    """The name and the note of a batch."""

    class Meta:
        model = Batch
        fields = ("name", "note")
        labels = {"name": _("Name"), "note": _("Note")}
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}

    def clean_name(self) -> str:
        return shown_name(" ".join(self.cleaned_data["name"].split()))


class BatchAgainForm(ReadAgainForm):
    """Form for reading all pictures of a batch once more: as before, in another mode, or with another expectation."""

    mode = forms.ChoiceField(  # type: ignore[assignment]  # a mode field has no empty choice
        label=_("Mode"),
        required=False,
        choices=[("", _("as before")), *PAGE_MODES],
        error_messages=UNKNOWN_MODE,
    )


class LinkForm(forms.Form):
    """A new link to the table of a batch."""

    id = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)  # a form that is sent twice creates one link
    days = forms.ChoiceField(label=_("Expires"), choices=TokenForm.DAYS, required=False)

    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None


def typed_numbers(data: QueryDict) -> dict[UUID, str]:
    """Return the numbers that differ from those that the page had shown, by the key of the upload."""
    names = [name for name in data if name.startswith("number-")]
    if len(names) > ROWS_ON_PAGE:
        raise Problem("bad_request")
    changed: dict[UUID, str] = {}
    for name in names:
        value = str(data[name]).strip()
        key = name.removeprefix("number-")
        if value != data.get(f"was-{key}"):
            changed[_parse_key(key)] = value
    return changed


def confirmed_upload(data: QueryDict) -> UUID | None:
    """Return the key of the upload whose number is confirmed, if one is."""
    return _parse_key(str(data["confirm"])) if "confirm" in data else None


def _parse_key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Problem("bad_request") from error
