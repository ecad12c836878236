"""The bodies of what a number is expected to look like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from recognizer.bodies.plain import About, Body

ExpectedText: TypeAlias = Annotated[str | None, About(optional=True)]


@dataclass(frozen=True, slots=True)
class ExpectationBody(Body):
    """The expectation of a number. Fields that say nothing are left out."""

    digits: ExpectedText = None
    decimals: ExpectedText = None
    sign: ExpectedText = None
    minimum: ExpectedText = None
    maximum: ExpectedText = None
    values: ExpectedText = None
    pattern: ExpectedText = None
    check: ExpectedText = None
    previous: ExpectedText = None
    step: ExpectedText = None
    wraps_at: ExpectedText = None


@dataclass(frozen=True, slots=True)
class ExpectedFields(Body):
    """The expectation that a reading had, with the name of its preset at that time."""

    preset: Annotated[str | None, About("The preset that was named, by its name at that time.", example=None)]
    expect: Annotated[ExpectationBody | None, About("What was expected, the preset's fields included.", example=None)]


def expectation_body(fields: Mapping[str, str]) -> ExpectationBody:
    return ExpectationBody(**fields)


def expected_fields(preset_name: str, fields: Mapping[str, str]) -> ExpectedFields:
    return ExpectedFields(preset_name or None, expectation_body(fields) if fields or preset_name else None)
