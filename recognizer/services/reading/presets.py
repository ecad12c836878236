"""Presets of an account: expectations with a name, which pages, batches, the API and commands can name."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.reading.expectations.expectation_text import ExpectationError, check_fields, expect_the_same
from mlcore.reading.result import Mode
from recognizer.models import Batch, Prediction, Preset, Stream
from recognizer.models.preset import MAX_PRESET_NAME
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account
from recognizer.services.space.quotas import lock_usage, usage

MAX_PRESETS = 100  # of an account
MAX_STORED = 5_000  # characters of an expectation, which is stored with every prediction
DETACHED_AT_ONCE = 2_000  # predictions of a deleted preset that one statement changes


def find_preset(owner_id: int, name: str) -> Preset:
    """Return the account's preset with this name. Raise Problem if there is none."""
    wanted = name.strip()
    preset = Preset.objects.filter(owner=owner_id, name=wanted).first() if is_one_line(wanted) else None
    if preset is None:
        raise field_problem("preset", _("There is no preset with this name."))
    return preset


def create_preset(*, owner: User, name: str, fields: Mapping[str, str], mode: Mode = "auto") -> Preset:
    """Save a preset and return it. Raise Problem with the errors of each field."""
    preset = Preset(owner=owner, name=clean_name(name), mode=mode, expectation=clean_fields(fields))
    with transaction.atomic():
        require_open_account(owner.pk)
        usage(owner.pk)
        lock_usage([owner.pk])  # two requests must not both take the last place
        if Preset.objects.filter(owner=owner).count() >= MAX_PRESETS:
            raise Problem("conflict", _("An account has at most %d presets. Delete one first.") % MAX_PRESETS)
        with unique_name():
            preset.save(force_insert=True)
    return preset


def change_preset(
    preset: Preset, *, name: str | None = None, fields: Mapping[str, str] | None = None, mode: Mode | None = None
) -> None:
    """Change what is given, and the name of its streams. Stored predictions and batches keep what they used.

    Where the same is expected as before, the texts of the fields stay, so that streams go on: a form sends all fields,
    also for a new name.
    """
    preset.name = preset.name if name is None else clean_name(name)
    given = None if fields is None else clean_fields(fields)
    preset.mode = mode or preset.mode
    preset.updated_at = timezone.now()
    with unique_name():
        lock_usage([preset.owner_id])  # corrections hold it while they lock streams
        stored = Preset.objects.select_for_update(no_key=True).filter(pk=preset.pk)
        expected = stored.values_list("expectation", flat=True).first()
        if expected is None:
            raise Problem("not_found")  # it was deleted in the meantime
        preset.expectation = expected if given is None or expect_the_same(given, expected) else given
        values = {each: getattr(preset, each) for each in ("name", "expectation", "mode", "updated_at")}
        stored.update(**values)
        Stream.objects.filter(owner=preset.owner_id, preset=preset.pk).update(name=preset.name)


@contextmanager
def unique_name() -> Iterator[None]:
    """Raise Problem if the account has another preset with the name that the block saves."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise field_problem("name", _("You have a preset with this name already.")) from error


def delete_preset(preset: Preset) -> None:
    """Delete a preset. Its predictions keep its name and what was expected, and lose the reference to it.

    They may be a million rows, which one statement would lock and change for minutes.
    """
    predictions = Prediction.objects.filter(preset=preset.pk)
    while predictions.exists():
        with transaction.atomic():
            lock_usage([preset.owner_id])  # whoever reads again or rescores these predictions holds it too
            keys = list(predictions.values_list("pk", flat=True)[:DETACHED_AT_ONCE])
            Prediction.objects.filter(pk__in=keys).update(preset=None)
    Batch.objects.filter(preset=preset.pk).update(preset=None)
    with transaction.atomic():
        lock_presets([preset.owner_id], [preset.pk])  # from here on no other transaction saves a row that refers to it
        preset.delete()


def lock_presets(owner_ids: Iterable[int], keys: Iterable[UUID | None]) -> set[UUID]:
    """Lock presets for the current transaction, and return the keys of those that still exist.

    Call it before rows that refer to them are saved or locked. The usage of the owners is locked first: every
    transaction takes the two in this order, since otherwise a batch and a request could wait for each other.
    """
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return set()
    lock_usage(owner_ids)
    rows = Preset.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    return set(rows.values_list("pk", flat=True))


def clean_name(name: str) -> str:
    stripped = name.strip()
    if not stripped:
        raise field_problem("name", _("Give the preset a name."))
    if len(stripped) > MAX_PRESET_NAME:
        raise field_problem("name", _("A name has at most %d characters.") % MAX_PRESET_NAME)
    if not is_one_line(stripped):
        raise field_problem("name", _("A name is one line of letters, digits and signs."))
    return stripped


def is_one_line(name: str) -> bool:
    """Return whether a database stores this text, and a list shows it in one line."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)


def clean_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that are not empty. Raise Problem if one is wrong, or if all are empty."""
    try:
        given = check_fields(fields)
    except ExpectationError as error:
        raise expectation_problem(error) from error
    if not given:
        raise field_problem("expect", _("Say at least one thing that you expect."))
    require_short(given)
    return given


def require_short(fields: Mapping[str, str]) -> None:
    """Raise Problem if an expectation is too long to be stored with every prediction."""
    if sum(map(len, fields.values())) > MAX_STORED:
        longest = max(fields, key=lambda name: len(fields[name]))
        text = _("All fields together have at most %s characters.") % f"{MAX_STORED:,}"
        raise field_problem("expect", {longest: [text]})


def expectation_problem(error: ExpectationError) -> Problem:
    return field_problem("expect", {error.field: [error.detail]})


def field_problem(field: str, error: str | Mapping[str, list[str]]) -> Problem:
    """Return the problem of one field. The error is a text, or the errors of the fields inside it."""
    if isinstance(error, str):
        return Problem("invalid", error, errors={field: [error]})
    (texts,) = error.values()
    return Problem("invalid", texts[0], errors={field: error})
