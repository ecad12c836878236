"""Cleanup of files whose rows were not written."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from django.core.files.storage import Storage, default_storage
from django.db.models.fields.files import FieldFile

from recognizer.outages import problem_of_outage


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file of the storage that belongs to a row without a column for its name."""

    name: str
    storage: Storage = field(default_factory=lambda: default_storage)


NewFile: TypeAlias = FieldFile | NamedFile


@contextmanager
def delete_files_on_error() -> Iterator[list[NewFile]]:
    """Yield a list for the files that the block stores, and delete those if the block fails.

    Clear the list as the last step of the transaction that saves their rows. An error can also come after the commit,
    and then the files must stay; should the commit itself fail, reconcile_media removes them later.

    A storage that is full or cannot be used is reported as a problem.
    """
    stored: list[NewFile] = []
    try:
        yield stored
    except BaseException as error:
        with suppress(OSError):  # reconcile_media removes what cannot be deleted now
            for file in stored:
                if file.name:
                    file.storage.delete(file.name)
        problem = problem_of_outage(error)
        if problem:
            raise problem from error
        raise
