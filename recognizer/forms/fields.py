"""Form fields that Django lacks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _


class PresenceInput(forms.HiddenInput):
    """A parameter that is true if it is present, with any value or none."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name in data


class PresenceField(forms.Field):
    widget = PresenceInput

    def clean(self, value: bool) -> bool:
        return value


class TextListField(forms.Field):
    """All values of a parameter that may be repeated."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: list[str] | None) -> list[Any]:
        return list(value or [])


class UUIDListField(TextListField):
    """The values of a repeated parameter as UUIDs."""

    default_error_messages = {"invalid": _("A picture's key is not valid. Reload the page and try again.")}

    def clean(self, value: list[str] | None) -> list[UUID]:
        try:
            return [UUID(text) for text in super().clean(value)]
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error


class PixelField(forms.FloatField):
    """A coordinate or length in pixels, rounded to a whole number."""

    def clean(self, value: Any) -> int | None:
        length = super().clean(value)
        return None if length is None else round(length)
