"""The bodies of presets."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from django.urls import reverse

from recognizer.bodies.answers import Absolute, Mode
from recognizer.bodies.expectations import ExpectationBody, expectation_body
from recognizer.bodies.plain import About, Body, Moment, url
from recognizer.models import Preset

PRESET_ID = "c1d6a2be-9a35-4f0b-8f5b-6a1f0d2f7e11"


@dataclass(frozen=True, slots=True)
class PresetBody(Body):
    """An expectation with a name."""

    id: Annotated[UUID, About(example=PRESET_ID)]
    url: Annotated[str, url(f"/presets/{PRESET_ID}/")]
    name: Annotated[str, About("The name by which requests and batches name it.", example="Water meter")]
    mode: Annotated[Mode, About("The mode of readings that name none.", example="number")]
    expect: Annotated[ExpectationBody, About(example={"digits": "5", "step": "300"})]
    created_at: Moment
    updated_at: Moment


def preset_body(preset: Preset, absolute: Absolute) -> PresetBody:
    return PresetBody(
        id=preset.pk,
        url=absolute(reverse("api:preset", args=[preset.pk])),
        name=preset.name,
        mode=preset.mode,
        expect=expectation_body(preset.expectation),
        created_at=preset.created_at,
        updated_at=preset.updated_at,
    )
