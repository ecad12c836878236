"""Forms of the pages: they check and convert what a browser sends."""

from typing import Any

from django import forms

from recognizer.problems import Problem


def clean_or_raise(form: forms.Form) -> dict[str, Any]:
    """Return the form's cleaned data. Raise a Problem with the form's error texts if it is not valid."""
    if form.is_valid():
        return form.cleaned_data
    texts = [str(text) for errors in form.errors.values() for text in errors]
    raise Problem("invalid", " ".join(dict.fromkeys(texts)))
