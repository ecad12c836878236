"""The form of a preset: a name, a mode, and each field of the expectation with an explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from mlcore.reading.expectations.expectation_text import FIELDS
from recognizer.forms.reading import PAGE_MODES, UNKNOWN_MODE
from recognizer.models import Preset
from recognizer.models.prediction import Mode
from recognizer.models.preset import MAX_PRESET_NAME
from recognizer.problems import Problem
from recognizer.services.reading.presets import MAX_STORED
from recognizer.words.expectations import CHECK_NAMES, OWN_WEIGHTS


class ExpectedField(forms.CharField):
    """One field of an expectation, which may stay empty. What it may say is checked with the others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=MAX_STORED, **options)


class NumberInput(forms.TextInput):
    """An input for a number that may have a sign or be a range, with the number keys of a phone."""

    def __init__(self) -> None:
        super().__init__(attrs={"inputmode": "decimal", "autocomplete": "off"})


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields that the page shows under one heading."""

    title: Any
    help: Any
    fields: list[BoundField]
    is_first: bool

    @property
    def is_open(self) -> bool:
        """Return whether its fields are shown at once: the first ones, and those that hold something."""
        return self.is_first or any(field.errors or field.value() for field in self.fields)


GROUPS = (
    (_("Form"), _("How the number is written."), ("digits", "decimals", "sign")),
    (_("Range"), _("Which values are possible."), ("minimum", "maximum", "values")),
    (_("Pattern"), _("How the number is written, character by character."), ("pattern",)),
    (_("Check digit"), _("The scheme by which the last digits follow from the others."), ("check", "weights")),
    (_("Previous value"), _("For meters and counters."), ("previous", "step", "wraps_at")),
)


class PresetForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=MAX_PRESET_NAME, help_text=_("Such as: Water meter, Student number, Invoice total.")
    )
    mode = forms.ChoiceField(label=_("Mode"), choices=PAGE_MODES, initial=Mode.LINES, error_messages=UNKNOWN_MODE)
    digits = ExpectedField(
        label=_("Number of digits"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Such as 5, or 3-6. Only digits are counted, not a minus, point or comma."),
    )
    decimals = ExpectedField(
        label=_("Number of decimals"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Such as 2, or 0-2. One number also settles what 1,234 means: with 3 decimals about one, otherwise more"
            " than a thousand."
        ),
    )
    sign = forms.ChoiceField(
        label=_("Sign before the number"),
        choices=[("", _("a plus or minus may stand first")), ("no", _("neither plus nor minus"))],
        required=False,
        error_messages={"invalid_choice": _("This choice does not exist. Reload the page and try again.")},
    )
    pattern = ExpectedField(
        label=_("Pattern"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Such as 99-99-9999. 9 stands for any digit, \\7 for a seven; signs and spaces stand for themselves. A ?"
            " after a character means that it may be missing, a * that it may be missing or repeated."
        ),
    )
    minimum = ExpectedField(
        label=_("Least value"),
        widget=NumberInput,
        help_text=_("Write decimals after a point or a comma, such as 0.50."),
    )
    maximum = ExpectedField(label=_("Greatest value"), widget=NumberInput)
    values = ExpectedField(
        label=_("Allowed numbers"),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("One number in each line. If you leave it empty, all numbers are allowed."),
    )
    check = forms.ChoiceField(
        label=_("Scheme"),
        choices=[("", _("none")), *CHECK_NAMES.items(), (OWN_WEIGHTS, _("own weights"))],
        required=False,
        error_messages={"invalid_choice": _("This check digit does not exist. Reload the page and try again.")},
    )
    weights = ExpectedField(
        label=_("Own weights"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("One weight for each digit from the left, then the modulus: 10,9,8,7,6,5,4,3,2,1 mod 11."),
    )
    previous = ExpectedField(
        label=_("Previous value"),
        widget=NumberInput,
        help_text=_("New values are not below it. Leave it empty if it differs from picture to picture."),
    )
    step = ExpectedField(
        label=_("Largest step"),
        widget=NumberInput,
        help_text=_("How far a value may be above the previous one."),
    )
    wraps_at = ExpectedField(
        label=_("Counter starts again at"),
        widget=NumberInput,
        help_text=_("Such as 100000 for a counter of five digits. Fill in the largest step, too."),
    )

    def __init__(self, data: Any = None, *, preset: Preset | None = None) -> None:
        super().__init__(data, initial=initial_values(preset) if preset else None)
        if preset and preset.mode == Mode.AUTO:  # made by a program: pages do not offer this mode
            cast(forms.ChoiceField, self.fields["mode"]).choices = [*PAGE_MODES, (Mode.AUTO.value, Mode.AUTO.label)]

    @property
    def heads(self) -> list[BoundField]:
        return [self["name"], self["mode"]]

    @property
    def groups(self) -> list[FieldGroup]:
        """Return the fields of the expectation as the page groups them."""
        return [
            FieldGroup(title, text, [self[name] for name in names], is_first=place == 0)
            for place, (title, text, names) in enumerate(GROUPS)
        ]

    def clean_values(self) -> str:
        return "|".join(line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip())

    @property
    def expectation(self) -> dict[str, str]:
        """Return the fields of the expectation, which are still to be checked together."""
        fields = {name: self.cleaned_data[name] for name in FIELDS}
        if fields["check"] == OWN_WEIGHTS:
            fields["check"] = OWN_WEIGHTS + self.cleaned_data["weights"]
        return fields

    def add_problem(self, problem: Problem) -> None:
        """Show the errors of a problem at their fields."""
        errors = problem.errors or {}
        inner = errors.get("expect", [])
        if isinstance(inner, Mapping):
            errors = {**errors, **inner}
        for name, texts in errors.items():
            if isinstance(texts, Mapping):
                continue
            is_weight = name == "check" and self.cleaned_data.get("check") == OWN_WEIGHTS
            self.add_error("weights" if is_weight else name if name in self.fields else None, list(texts))
        if not errors:
            self.add_error(None, problem.detail)


def initial_values(preset: Preset) -> dict[str, str]:
    """Return the values of the form's fields for a stored preset."""
    values = {"name": preset.name, "mode": preset.mode, **preset.expectation}
    values["sign"] = "no" if values.get("sign", "").lower() in ("no", "false") else ""
    check = values.get("check", "")
    if check.startswith(OWN_WEIGHTS):
        values |= {"check": OWN_WEIGHTS, "weights": check.removeprefix(OWN_WEIGHTS)}
    values["values"] = values.get("values", "").replace("|", "\n")
    return values
