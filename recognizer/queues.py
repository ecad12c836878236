"""The two queues: what a person waits for must never stand behind a batch."""

from django.conf import settings

INTERACTIVE: str = f"{settings.QUEUE_PREFIX}.interactive"
BULK: str = f"{settings.QUEUE_PREFIX}.bulk"
