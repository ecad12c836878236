"""Cleanup of files whose rows were not written."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models.fields.files import FieldFile

from recognizer.problems import Problem


@contextmanager
def delete_files_on_error() -> Iterator[list[FieldFile]]:
    """Yield a list for the files that the block stores, and delete those if the block fails.

    A full disk is reported as the problem `storage_full`.
    """
    stored: list[FieldFile] = []
    try:
        yield stored
    except BaseException as error:
        for file in stored:
            if file.name:
                file.storage.delete(file.name)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Problem("storage_full") from error
        raise
