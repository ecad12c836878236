"""The writer of the restore drill: it adds and removes pictures, and knows what each of its transactions left."""

import random
import secrets
import threading
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from recognizer.models import Prediction, Upload

ADDED_AT_ONCE = 50  # in a transaction, which removes as many


@dataclass
class Writer(threading.Thread):
    """A thread that adds pictures and removes as many of all that are there, together so many a second.

    A transaction adds fifty pictures as a batch does, with files that are synced together, and removes fifty with
    the service of the purge. It also writes its number into the last name of the owner, which is in every backup. So a
    restored installation tells with which transaction its backup ended, and exactly which pictures it must have.
    """

    template: "Prediction"
    picture: bytes
    per_second: float
    filled: list[str]  # the keys of the uploads that were there before
    steps: list[tuple[list[str], list[str]]] = field(default_factory=list)  # the keys added and removed
    is_over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.present = list(self.filled)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        from django.db import connection

        self.started = time.monotonic()
        while not self.is_over.wait(max(0.0, self.started + self.writes / self.per_second - time.monotonic())):
            self.steps.append(self.write())
        self.seconds = time.monotonic() - self.started
        connection.close()

    @property
    def writes(self) -> int:
        return 2 * ADDED_AT_ONCE * len(self.steps)

    def write(self) -> tuple[list[str], list[str]]:
        from django.contrib.auth.models import User
        from django.db import transaction

        from mlcore.atomic_files import sync_together
        from recognizer.models import Glyph, Prediction, Upload
        from recognizer.services.space.purge import remove_uploads

        uploads = [copied(self.template.upload, original="") for _number in range(ADDED_AT_ONCE)]
        with sync_together():
            for upload in uploads:
                store(upload, self.picture)
        predictions = [copied(self.template, upload_id=upload.pk) for upload in uploads]
        digits = list(self.template.glyphs.all())
        glyphs = [copied(glyph, prediction_id=prediction.pk) for prediction in predictions for glyph in digits]
        added = [str(upload.pk) for upload in uploads]
        removed = self.draw(ADDED_AT_ONCE)
        with transaction.atomic():
            Upload.objects.bulk_create(uploads)
            Prediction.objects.bulk_create(predictions)
            Glyph.objects.bulk_create(glyphs)
            User.objects.filter(pk=self.template.owner_id).update(last_name=str(len(self.steps) + 1))
            remove_uploads(list(Upload.objects.filter(pk__in=removed)))
        self.present += added
        return added, removed

    def draw(self, count: int) -> list[str]:
        """Take keys out of those that are present."""
        for last in range(len(self.present) - 1, len(self.present) - 1 - count, -1):
            place = random.randint(0, last)
            self.present[place], self.present[last] = self.present[last], self.present[place]
        drawn = self.present[-count:]
        del self.present[-count:]
        return drawn

    def keys_after(self, steps: int) -> set[str]:
        """Return the keys of the uploads that are there after so many transactions."""
        keys = set(self.filled)
        for added, removed in self.steps[:steps]:
            keys |= set(added)
            keys -= set(removed)
        return keys


def copied(row: Any, **changes: object) -> Any:
    """Return a row with the same values under a new key, not saved yet."""
    fields = row._meta.concrete_fields
    values = {field.attname: field.get_prep_value(field.value_from_object(row)) for field in fields}
    return type(row)(**values | {"id": uuid4()} | changes)


def store(upload: "Upload", picture: bytes) -> None:
    """Store a picture that is like no other, and note its digest in the row."""
    from django.core.files.base import ContentFile

    data = picture + secrets.token_bytes(16)
    upload.sha256, upload.bytes = sha256(data).hexdigest(), len(data)
    upload.original.save("original", ContentFile(data), save=False)
