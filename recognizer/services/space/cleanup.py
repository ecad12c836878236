"""Cleanup of files whose rows were not written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db.models.fields.files import FieldFile

from recognizer.outages import problem_of_outage


@contextmanager
def delete_files_on_error() -> Iterator[list[FieldFile]]:
    """Yield a list for the files that the block stores, and delete those if the block fails.

    A storage that is full or cannot be used is reported as a problem.
    """
    stored: list[FieldFile] = []
    try:
        yield stored
    except BaseException as error:
        for file in stored:
            if file.name:
                with suppress(OSError):  # reconcile_media removes what cannot be deleted now
                    file.storage.delete(file.name)
        problem = problem_of_outage(error)
        if problem:
            raise problem from error
        raise
