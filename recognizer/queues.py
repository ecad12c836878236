"""The three queues, in the order in which a worker serves them."""

from django.conf import settings

UPKEEP: str = f"{settings.QUEUE_PREFIX}.upkeep"  # the sweeper: it must get through when all else piles up
INTERACTIVE: str = f"{settings.QUEUE_PREFIX}.interactive"  # what a person waits for, never behind a batch
BULK: str = f"{settings.QUEUE_PREFIX}.bulk"

QUEUES = (UPKEEP, INTERACTIVE, BULK)
