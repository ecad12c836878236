"""Jobs over many pictures: if one chunk fails, its pictures are tried again one by one."""

import logging
from collections.abc import Callable
from functools import wraps

from recognizer.models import Job
from recognizer.services.work import jobs

logger = logging.getLogger(__name__)


def in_chunks(read: Callable[[Job], None]) -> Callable[[Job], None]:
    """One poisonous picture then condemns no neighbour, whether it raises, runs out of time or kills the process."""

    @wraps(read)
    def work(job: Job) -> None:
        is_single = len(job.payload["ids"]) == 1
        if job.attempts > 1 and not is_single:  # the first run ended without a word
            jobs.split(job)
            return
        try:
            read(job)
        except jobs.LeaseLost:
            raise
        except Exception as error:
            if is_single or jobs.passing_trouble(error):
                raise
            logger.exception("Job %s (%s): its pictures are tried one by one", job.pk, job.kind)
            jobs.split(job)

    return work
