"""A probe of the storage: a small file that is written, read and removed."""

import logging
import time
import uuid

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)

# Anybody may ask whether the server is ready, and each probe waits for the disk.
PROBE_EVERY_SECONDS = 5.0


class StorageProbe:
    """The state of the storage, which is probed at most every few seconds."""

    def __init__(self) -> None:
        self.probed_at = -float("inf")
        self.works = False

    def check(self) -> bool:
        """Return whether the storage can be written and read."""
        now = time.monotonic()
        if now - self.probed_at >= PROBE_EVERY_SECONDS:
            self.probed_at = now
            self.works = self._probe()
        return self.works

    def _probe(self) -> bool:
        # Other processes and machines may use the same storage.
        name, data = f"probes/{uuid.uuid4().hex}", uuid.uuid4().bytes
        try:
            stored = default_storage.save(name, ContentFile(data))
            try:
                with default_storage.open(stored) as file:
                    return bool(file.read() == data)
            finally:
                default_storage.delete(stored)
        except Exception as error:  # noqa: BLE001  (a storage of another kind may raise anything)
            logger.error("The storage cannot be used: %s: %s", type(error).__name__, error)
            return False


storage_probe = StorageProbe()
