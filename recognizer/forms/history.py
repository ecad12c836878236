"""Forms of the history: actions on the selected pictures."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.forms.corrections import UNKNOWN_ACTION
from recognizer.forms.fields import UUIDListField
from recognizer.queries.pagination import parse_datetime

MAX_SELECTED = 1000


class SelectionForm(forms.Form):
    """The selected pictures: all of the list, or those that are ticked."""

    all = forms.BooleanField(required=False)
    pick = UUIDListField(required=False)
    batch = forms.UUIDField(required=False)  # the table of a batch from which they were selected
    table = forms.CharField(required=False)  # its order, filters and page

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "pick" not in data or self.selects_whole_list(data):
            return data
        if not data["pick"]:
            raise forms.ValidationError(_("Select at least one picture."))
        if len(data["pick"]) > MAX_SELECTED:
            raise forms.ValidationError(_("Select at most %(count)d pictures.") % {"count": MAX_SELECTED})
        return data

    def selects_whole_list(self, data: dict[str, Any]) -> bool:
        return bool(data["all"])


class BulkActionForm(SelectionForm):
    """An action on the selected pictures. `query` holds the filters of the list."""

    CORRECTIONS = ("confirm", "not_a_digit", "correct")
    EXPORTS = ("csv", "xlsx", "jsonl", "zip")

    action = forms.ChoiceField(
        choices=[(action, action) for action in (*CORRECTIONS, *EXPORTS, "delete")],
        error_messages={"required": UNKNOWN_ACTION, "invalid_choice": UNKNOWN_ACTION},
    )
    value = forms.CharField(required=False)
    query = forms.CharField(required=False)
    confirmed = forms.BooleanField(required=False)  # the deletion of many pictures


class RestoreForm(SelectionForm):
    """Deleted pictures to restore: all, those of one deletion, or those that are ticked."""

    deleted = forms.CharField(required=False)

    def clean_deleted(self) -> datetime | None:
        if "deleted" not in self.data:
            return None
        deleted_at = parse_deletion_time(self.cleaned_data["deleted"])
        if deleted_at is None:
            raise forms.ValidationError(_("This deletion does not exist. Open the deleted pictures."))
        return deleted_at

    def selects_whole_list(self, data: dict[str, Any]) -> bool:
        return super().selects_whole_list(data) or "deleted" in self.data


def parse_deletion_time(text: str) -> datetime | None:
    """Return the time that names a deletion in an address or a form; None if the text is not a time."""
    with suppress(ValueError, OverflowError):
        return parse_datetime(text)
    return None
