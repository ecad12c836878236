"""Reading a batch again: with the active model, and if wanted in another mode or under another preset."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from mlcore.reading.result import Mode
from recognizer.models import Batch, Job, ModelVersion
from recognizer.queries import selectors
from recognizer.services.account_state import require_open_account
from recognizer.services.reading import rescoring
from recognizer.services.reading.expected import expect, expected_of
from recognizer.services.reading.presets import find_preset, lock_presets
from recognizer.services.registry.model_versions import models
from recognizer.services.work import jobs


def read_batch_again(user: User, batch: Batch, *, mode: Mode | None = None, preset_name: str | None = None) -> int:
    """Queue the pictures of a batch to be read with the active model, and return their number.

    Without a mode and a preset, those are left out that this model has read already, and those that wait for it are
    not queued twice. An empty preset name expects nothing. Files that are added to the batch later are read in the new
    way.
    """
    version = models.active_model().version
    uploads = selectors.uploads_for(user).filter(batch_item__batch=batch)
    preset = find_preset(user.pk, preset_name) if preset_name else None
    with transaction.atomic():
        require_open_account(user.pk)
        batch = Batch.objects.select_for_update().get(pk=batch.pk)
        if mode is None and preset_name is None:
            waiting = uploads_waiting(batch, version)
            return len(waiting) + rescoring.rescore(uploads.exclude(pk__in=waiting), version, batch=batch)
        expected = expected_of(batch) if preset_name is None else expect(preset, {})
        batch.mode = mode or batch.mode
        batch.expected = expected and expected.stored
        preset_id = expected.preset_id if expected else None
        batch.preset_id = next(iter(lock_presets([user.pk], [preset_id])), None)
        batch.save(update_fields=["mode", "expected", "preset"])
        jobs.cancel_jobs(jobs_reading_again(batch))  # what was wanted last counts
        way = rescoring.new_way(mode=batch.mode, expected=expected)
        return rescoring.rescore(uploads, version, batch=batch, way=way)


def uploads_waiting(batch: Batch, version: ModelVersion) -> set[str]:
    """Return the keys of the uploads of a batch that wait to be read again with this version."""
    waiting = jobs_reading_again(batch).filter(payload__version=str(version.pk))
    return {key for ids in waiting.values_list("payload__ids", flat=True) for key in ids}


def jobs_reading_again(batch: Batch) -> QuerySet[Job]:
    unfinished = [Job.State.WAITING, Job.State.RUNNING]
    return Job.objects.filter(batch=batch, kind=Job.Kind.RESCORE, state__in=unfinished)
