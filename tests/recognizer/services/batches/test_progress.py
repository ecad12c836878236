"""Tests of the progress of a batch."""

import pytest
from django.core.files.base import ContentFile

from recognizer.models import BatchItem
from recognizer.services.batches import intake
from recognizer.services.batches.progress import progress_of
from tests.recognizer.services.batches.conftest import png_files

pytestmark = pytest.mark.django_db


def test_progress_counts_each_file_once(batch, media):
    items = intake.add_files(batch, [*png_files(3), ("bad.txt", ContentFile(b"text"))])
    BatchItem.objects.filter(pk=items[0].pk).update(state="done")
    progress = progress_of(batch)
    assert (progress.total, progress.done, progress.failed, progress.waiting) == (4, 1, 1, 2)
    assert (progress.finished, progress.share, progress.is_ready) == (2, 0.5, False)
