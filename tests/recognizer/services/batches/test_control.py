"""Tests of cancelling and retrying a batch."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import BatchItem, Job, Upload
from recognizer.services.batches import control, intake
from recognizer.services.batches.progress import progress_of
from tests.recognizer.services.batches.conftest import png_files

pytestmark = pytest.mark.django_db


def test_cancelled_items_are_not_read(batch, media):
    intake.add_files(batch, png_files(3))
    assert control.cancel_batch(batch) == 3
    progress = progress_of(batch)
    assert (progress.cancelled, progress.waiting, progress.is_ready) == (3, 0, True)
    assert not Upload.objects.exists()


def test_failed_items_are_retried_if_their_file_is_stored(batch, media):
    stored, refused = intake.add_files(batch, [*png_files(1), ("bad.txt", ContentFile(b"text"))])
    BatchItem.objects.filter(pk=stored.pk).update(state="failed", error_code="reader_failed")
    assert control.retry_failed(batch) == 1
    states = dict(batch.items.values_list("pk", "state"))
    assert states == {stored.pk: "waiting", refused.pk: "failed"}
    assert Job.objects.filter(batch=batch).count() == 2
