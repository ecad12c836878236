"""The media storage while `manage.py move_media` moves files from one storage to another.

New files are written to the new storage. Files are read from the new one and, unless they are there, from the old one.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.utils.functional import cached_property

from recognizer.storage.disk import size_and_time, walk

Value = TypeVar("Value")


class MovingStorage(Storage):
    """A storage of two, named by their aliases in STORAGES."""

    def __init__(self, *, old: str, new: str) -> None:
        self.aliases = old, new

    @cached_property
    def old(self) -> Any:
        return storages[self.aliases[0]]

    @cached_property
    def new(self) -> Any:
        return storages[self.aliases[1]]

    @property
    def has_folders(self) -> bool:
        return bool(self.old.has_folders or self.new.has_folders)

    def _find(self, ask: Callable[[Any], Value]) -> Value:
        """Return the answer of the storage that has the file."""
        for storage in (self.new, self.old):
            try:
                return ask(storage)
            except FileNotFoundError:
                continue
        return ask(self.new)  # it may have been moved between the two questions

    def _open(self, name: str, mode: str = "rb") -> File:
        return self._find(lambda storage: storage.open(name, mode))

    def _save(self, name: str, content: File) -> str:
        # An old file of this name may stay: it is never read any more, and move_media and delete remove it.
        return str(self.new.save(name, content))

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return str(self.new.get_available_name(name, max_length))

    def delete(self, name: str) -> None:
        # In this order, move_media sees that a file that it has just written was deleted meanwhile.
        self.old.delete(name)
        self.new.delete(name)

    def exists(self, name: str) -> bool:
        return bool(self.new.exists(name) or self.old.exists(name) or self.new.exists(name))

    def size(self, name: str) -> int:
        return self._find(lambda storage: int(storage.size(name)))

    def get_modified_time(self, name: str) -> datetime:
        return self.size_and_time(name)[1]

    def size_and_time(self, name: str) -> tuple[int, datetime]:
        """Return the size of a file and the time of its last change."""
        return self._find(lambda storage: size_and_time(storage, name))

    def path(self, name: str) -> str:
        """Return the path at which new files are written. Raise NotImplementedError if they have none."""
        return str(self.new.path(name))

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        found = []
        # The old storage first: what is moved in between is then in both lists, and not in none.
        for storage in (self.old, self.new):
            try:
                found.append(storage.listdir(path))
            except FileNotFoundError:
                continue
        if not found:
            raise FileNotFoundError(path)
        folders, files = (sorted(set().union(*lists)) for lists in zip(*found, strict=True))
        return folders, files

    def list_tree(self, folder: str) -> Iterator[str]:
        """Yield the names of all files below a folder, each once."""
        names = set()
        for storage in (self.old, self.new):
            for name in walk(storage, folder):
                if name not in names:
                    names.add(name)
                    yield name
