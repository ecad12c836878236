"""The queues. A worker serves the first three in this order; trainings have workers of their own."""

from django.conf import settings

UPKEEP: str = f"{settings.QUEUE_PREFIX}.upkeep"  # the sweeper, which must run even while other queues are long
INTERACTIVE: str = f"{settings.QUEUE_PREFIX}.interactive"  # work that a person waits for, never behind a batch
BULK: str = f"{settings.QUEUE_PREFIX}.bulk"
TRAIN: str = f"{settings.QUEUE_PREFIX}.train"  # only a worker that may load TensorFlow serves it

SERVED = (UPKEEP, INTERACTIVE, BULK)  # by every worker that is not told other queues
QUEUES = (*SERVED, TRAIN)
