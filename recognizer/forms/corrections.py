"""Forms of the correction buttons and of the review queue."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.forms.fields import PixelField, PresenceField, TextListField, UUIDListField

BOX_FIELDS = ("x", "y", "width", "height")
UNKNOWN_ACTION = _("This action does not exist. Reload the page and try again.")


class CorrectionForm(forms.Form):
    """One correction. `action` is the button; the other fields depend on it."""

    ACTIONS = ("confirm", "not_a_digit", "undo", "number", "labels", "text", "label", "split", "merge", "remove", "add")
    NEEDED_FIELDS = dict.fromkeys(("label", "split", "merge", "remove"), ("position",)) | {"add": BOX_FIELDS}

    action = forms.ChoiceField(
        choices=[(action, action) for action in ACTIONS],
        error_messages={"required": UNKNOWN_ACTION, "invalid_choice": UNKNOWN_ACTION},
    )
    value = forms.CharField(required=False)  # the digits
    label = TextListField(required=False)  # one digit for each box
    position = forms.IntegerField(required=False)  # of the box, from 0
    x = PixelField(required=False)
    y = PixelField(required=False)
    width = PixelField(required=False)
    height = PixelField(required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in self.NEEDED_FIELDS.get(data.get("action", ""), ()):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, _("%(name)s must be a number.") % {"name": name})
        return data

    @property
    def box(self) -> tuple[int, int, int, int]:
        x, y, width, height = (self.cleaned_data[name] for name in BOX_FIELDS)
        return x, y, width, height


class QueueForm(forms.Form):
    """The position in the review queue, which every form of the page carries along."""

    MAX_SKIPPED = 100

    all = PresenceField(required=False)  # review sure predictions, too
    skip = UUIDListField(required=False)
    previous = forms.UUIDField(required=False)
    batch = forms.UUIDField(required=False)  # limits the queue to the pictures of a batch

    def clean_skip(self) -> list[Any]:
        return list(self.cleaned_data["skip"][-self.MAX_SKIPPED :])
