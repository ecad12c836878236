"""The three queues, in the order in which a worker serves them."""

from django.conf import settings

UPKEEP: str = f"{settings.QUEUE_PREFIX}.upkeep"  # the sweeper, which must run even while other queues are long
INTERACTIVE: str = f"{settings.QUEUE_PREFIX}.interactive"  # work that a person waits for, never behind a batch
BULK: str = f"{settings.QUEUE_PREFIX}.bulk"

QUEUES = (UPKEEP, INTERACTIVE, BULK)
