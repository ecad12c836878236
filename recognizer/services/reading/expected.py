"""Expectations of the numbers in a picture: fields, a preset, or a preset with some fields of its own request."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from mlcore.reading.expectations.expectation import Expectation
from mlcore.reading.expectations.expectation_text import ExpectationError, merge_fields, parse_expectation
from mlcore.reading.result import Mode
from recognizer.models import Batch, Prediction, Preset
from recognizer.services.reading.presets import expectation_problem, find_preset, require_short
from recognizer.services.space.sizes import json_bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """The expectation of the numbers in one picture or many, and the preset that says so."""

    expectation: Expectation | None  # None where a preset waits for a previous value and says nothing else
    fields: Mapping[str, str]
    preset_id: UUID | None = None
    preset_name: str = ""
    preset_digest: str = ""  # of the fields of the preset, without those of the request

    @property
    def stored(self) -> dict[str, Any]:
        """Return the value of the column `expected` of a prediction or a batch."""
        stored = {"preset": self.preset_name, "fields": dict(self.fields)}
        return stored | {"preset_digest": self.preset_digest} if self.preset_digest else stored


def expect(preset: Preset | None, fields: Mapping[str, str]) -> Expected | None:
    """Return what a preset and fields beside it expect, or None without both. Raise Problem if a field is wrong.

    A field of the request replaces that of the preset, as the previous value of each meter does.
    """
    merged = merge_fields(preset.expectation if preset else {}, fields)
    try:
        expectation = parse_expectation(merged)
    except ExpectationError as error:
        raise expectation_problem(error) from error
    require_short(merged)
    if preset is None:
        return Expected(expectation, merged) if merged else None
    return Expected(expectation, merged, preset.pk, preset.name, digest_fields(preset.expectation))


def digest_fields(fields: Mapping[str, str]) -> str:
    """Return a digest of fields in any order."""
    return hashlib.sha256(json.dumps(dict(fields), sort_keys=True).encode()).hexdigest()[:16]


def expect_in_mode(
    owner_id: int, *, mode: Mode | None, preset_name: str = "", fields: Mapping[str, str] | None = None
) -> tuple[Mode, Expected | None]:
    """Return the mode to read in, and what is expected, for a request that names a preset, fields or both.

    Without a mode that of the preset counts, or `auto`. Raise Problem for a wrong field or an unknown preset.
    """
    preset = find_preset(owner_id, preset_name) if preset_name else None
    return mode or (cast(Mode, preset.mode) if preset else "auto"), expect(preset, fields or {})


def expected_of(row: Prediction | Batch) -> Expected | None:
    """Return what was expected when the row was written, whatever became of its preset."""
    return expected_of_each([row])[0]


def expected_of_each(rows: Sequence[Prediction | Batch]) -> list[Expected | None]:
    """Return what was expected of each row, with one query for the presets of those that do not store their digest."""
    keys = {row.preset_id for row in rows if row.preset_id and row.expected is not None and not row.preset_digest}
    presets = dict(Preset.objects.filter(pk__in=keys).values_list("pk", "expectation")) if keys else {}
    found: list[Expected | None] = []
    for row in rows:
        if row.expected is None:
            found.append(None)
            continue
        fields = row.expected_fields
        now = presets.get(row.preset_id) if row.preset_id else None
        digest = row.preset_digest or find_digest(now, fields)
        found.append(Expected(parse_expectation(fields), fields, row.preset_id, row.preset_name, digest))
    return found


def find_digest(now: Mapping[str, str] | None, fields: Mapping[str, str]) -> str:
    """Return the digest of a preset for a row of an earlier release, which did not store it.

    It is empty unless the fields of the preset `now` and a previous value of the request give the fields of the row.
    """
    if now is None:
        return ""
    previous = {"previous": fields["previous"]} if "previous" in fields else {}
    return digest_fields(now) if merge_fields(now, previous) == fields else ""


def columns_of(expected: Expected | None, presets: Collection[UUID]) -> dict[str, Any]:
    """Return the values of the columns of a prediction or a batch.

    `presets` are those that are locked for the transaction which saves it. One that was deleted is left out.
    """
    if expected is None:
        return {}
    return {
        "preset_id": expected.preset_id if expected.preset_id in presets else None,
        "expected": expected.stored,
    }


def expected_bytes(expected: Expected | None) -> int:
    """Return the bytes that the column `expected` of a prediction takes."""
    return json_bytes(expected and expected.stored)
