"""Forms of the correction buttons and of the review queue."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.forms.fields import PixelField, PresenceField, TextListField, UUIDListField
from recognizer.words.answers import REASON_NAMES, REASONS_BESIDE_DIGITS

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
    shown = forms.CharField(required=False)  # the number as it was when the form was made
    seen = forms.CharField(required=False)  # key of the correction that counted when the form was made, or "none"
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
    """The filters of the review queue and the position in it, which every form of the page carries along."""

    MAX_SKIPPED = 100
    FILTERS = ("reason", "preset", "model")  # beside the batch
    REASONS = [
        ("uncertain", _("A digit is not clear")),
        *((name, REASON_NAMES[name]) for name in REASONS_BESIDE_DIGITS),
    ]

    all = PresenceField(required=False)  # review sure predictions, too
    skip = UUIDListField(required=False)
    previous = forms.UUIDField(required=False)
    batch = forms.UUIDField(label=_("Batch"), required=False)  # limits the queue to the pictures of a batch
    done = forms.IntegerField(required=False, min_value=0, max_value=1_000_000)  # reviewed since the page was opened
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("Any")), *REASONS], required=False)
    preset = forms.CharField(label=_("Preset"), required=False, max_length=100)
    model = forms.CharField(label=_("Model"), required=False, max_length=100)

    def clean_done(self) -> int:
        return self.cleaned_data["done"] or 0

    def clean_skip(self) -> list[Any]:
        return list(self.cleaned_data["skip"][-self.MAX_SKIPPED :])


class AlikeForm(forms.Form):
    """The answer to a group of alike digits: what the checked one is, and the uploads that it holds for."""

    digit = forms.RegexField(
        "^[0-9]$",
        error_messages={"required": _("Enter one digit."), "invalid": _("Enter one digit.")},
        strip=True,
    )
    checked = forms.UUIDField()
    upload = UUIDListField(required=False)
