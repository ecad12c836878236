"""The ZIP file of a personal export, put together from its parts while it is fetched.

    data of the parts │ account.json │ directories of the parts │ directory of account.json │ end record

Two requests of the same export get the same bytes, so that one may continue the download of the other.
"""

from collections.abc import Iterator

from recognizer.models import ExportPart, PersonalExport
from recognizer.services.exports.archive import Archive, end_record
from recognizer.services.exports.exports import as_json

READ_BYTES = 256 * 1024


class ExportFile:
    """The file, with the tokens' names or without them."""

    def __init__(self, export: PersonalExport, *, with_tokens: bool) -> None:
        self.parts = list(export.parts.all())
        data_bytes = sum(part.data_bytes for part in self.parts)
        archive = Archive(data_bytes)
        account = {name: value for name, value in export.account.items() if with_tokens or name != "tokens"}
        self.account = b"".join(archive.add("account.json", as_json([account])))
        directory = archive.end_part()
        directory_offset = data_bytes + len(self.account)
        directory_bytes = sum(part.directory_bytes for part in self.parts) + len(directory)
        members = sum(part.members for part in self.parts) + archive.members
        self.end = directory + end_record(
            members=members, directory_bytes=directory_bytes, directory_offset=directory_offset
        )
        self.size = directory_offset + sum(part.directory_bytes for part in self.parts) + len(self.end)
        self.etag = f"{export.pk}-{'all' if with_tokens else 'no-tokens'}"

    def read(self, start: int = 0) -> Iterator[bytes]:
        """Yield the bytes of the file from `start` on."""
        for part in self.parts:
            yield from read_part(part, 0, part.data_bytes, start)
            start = max(0, start - part.data_bytes)
        yield self.account[start:]
        start = max(0, start - len(self.account))
        for part in self.parts:
            yield from read_part(part, part.data_bytes, part.directory_bytes, start)
            start = max(0, start - part.directory_bytes)
        yield self.end[start:]


def read_part(part: ExportPart, offset: int, length: int, start: int) -> Iterator[bytes]:
    """Yield the bytes of a section of a part from `start` on, which may be behind the section."""
    left = length - start
    if left <= 0:
        return
    with part.file.open("rb") as file:
        file.seek(offset + start)
        while left > 0 and (piece := file.read(min(READ_BYTES, left))):
            left -= len(piece)
            yield piece
