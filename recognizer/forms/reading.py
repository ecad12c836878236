"""Forms that have a picture read."""

import json
import sys
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from recognizer.models import Upload
from recognizer.models.prediction import Mode

MAX_STROKE_BYTES = 1_000_000
# Pages read every line unless the user chooses otherwise. `auto` is what they sent before there were lines.
PAGE_MODES = [(mode.value, mode.label) for mode in (Mode.LINES, Mode.DIGIT, Mode.NUMBER)]
UNKNOWN_MODE = {"invalid_choice": _("This mode does not exist. Reload the page and try again.")}


class StrokesField(forms.CharField):
    """The strokes of a drawing as JSON: each has its pen width, whether it erases, and points [x, y, pressure, ms]."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        if len(text) > MAX_STROKE_BYTES:
            raise forms.ValidationError(_("The drawing has too many strokes. Clear the pad and draw it again."))
        try:
            strokes = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise _damaged() from error
        if not _are_strokes(strokes):
            raise _damaged()
        return strokes


def _damaged() -> forms.ValidationError:
    return forms.ValidationError(_("The drawing is damaged. Clear the pad and draw it again."))


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not a coordinate")


def _are_strokes(strokes: Any) -> bool:
    return isinstance(strokes, list) and all(_is_stroke(stroke) for stroke in strokes)


def _is_stroke(stroke: Any) -> bool:
    return (
        isinstance(stroke, dict)
        and set(stroke) == {"pen", "erases", "points"}
        and _is_number(stroke["pen"])
        and isinstance(stroke["erases"], bool)
        and isinstance(stroke["points"], list)
        and all(isinstance(p, list) and len(p) == 4 and all(_is_number(n) for n in p) for p in stroke["points"])
    )


def _is_number(value: Any) -> bool:
    # math.isfinite raises OverflowError for an integer that is too large for a float.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


class ModeField(forms.ChoiceField):
    """Field for the mode of a reading."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Mode.choices, error_messages=UNKNOWN_MODE, **options)

    def clean(self, value: Any) -> str:
        mode: str = super().clean(value)
        return Mode.LINES if mode in ("", Mode.AUTO) else mode


class ReadForm(forms.Form):
    """Options of a picture to read. The picture itself is checked when it is decoded."""

    SOURCES = [Upload.Source.UPLOAD, Upload.Source.DRAWING, Upload.Source.CAMERA, Upload.Source.PASTE]

    mode = ModeField(required=False)
    source = forms.ChoiceField(choices=[(source, source.label) for source in SOURCES], required=False)
    strokes = StrokesField(required=False, strip=False)
    preset = forms.CharField(required=False)
    previous = forms.CharField(required=False, max_length=40)

    def clean_source(self) -> str:
        return self.cleaned_data["source"] or Upload.Source.UPLOAD


class ReadAgainForm(forms.Form):
    """The mode in which an upload is read once more, and what is expected of it."""

    AS_BEFORE, NOTHING, PRESET = "as-before", "nothing", "preset:"

    mode = ModeField()
    expect = forms.CharField(required=False, strip=False)

    def clean_expect(self) -> str | None:
        """Return the name of a preset, an empty name for nothing, or None to keep what was expected."""
        chosen: str = self.cleaned_data["expect"]
        if chosen in ("", self.AS_BEFORE):
            return None
        if chosen == self.NOTHING:
            return ""
        if chosen.startswith(self.PRESET) and len(chosen) > len(self.PRESET):
            return chosen.removeprefix(self.PRESET)
        raise forms.ValidationError(_("This choice does not exist. Reload the page and try again."))


class ExampleForm(forms.Form):
    """The number that is drawn as an example picture."""

    EXAMPLES = ("7", "1", "4", "9", "1905", "2026")

    example = forms.ChoiceField(
        choices=[(text, text) for text in EXAMPLES],
        error_messages={"invalid_choice": _("This example does not exist. Choose one from the page.")},
    )
