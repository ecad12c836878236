"""The encryption of the files of a backup with AES-256-GCM, in chunks that are checked before their content is used.

    magic │ salt │ chunk │ chunk │ … │ last chunk

Each file has a key of its own, which is derived from BACKUP_KEY, the salt and the name of the file, so that no file
passes for another. The nonce of a chunk is its number and whether it is the last one, so that no chunk can be left out,
moved or cut off.
"""

import errno
import hashlib
import hmac
import io
import os
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recognizer.services.backups.errors import BackupError

MAGIC = b"DSBACK\x00\x01"
SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + SALT_BYTES
CHUNK_BYTES = 256 * 1024
TAG_BYTES = 16
KEY_BYTES = 32


class BackupKey:
    """The key of an installation's backups."""

    def __init__(self, text: str) -> None:
        try:
            self.secret = bytes.fromhex(text)
        except ValueError:
            self.secret = b""
        if len(self.secret) != KEY_BYTES:
            raise BackupError("BACKUP_KEY must be 64 hexadecimal digits, such as `openssl rand -hex 32` writes.")

    def cipher(self, salt: bytes, name: str) -> AESGCM:
        return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"file " + name.encode()).derive(self.secret))

    def hide(self, sha256: str) -> str:
        """Return the name of an object with this digest. The digest itself would tell who has a certain file."""
        return hmac.new(self.secret, b"object " + sha256.encode(), hashlib.sha256).hexdigest()


def nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class EncryptingFile:
    """A file that is written encrypted. It is complete after `finish`."""

    def __init__(self, file: IO[bytes], key: BackupKey, name: str) -> None:
        salt = os.urandom(SALT_BYTES)
        self.file, self.cipher = file, key.cipher(salt, name)
        self.buffer, self.number = bytearray(), 0
        file.write(MAGIC + salt)

    def write(self, data: bytes) -> int:
        self.buffer += data
        while len(self.buffer) > CHUNK_BYTES:  # the last chunk is written by `finish`
            self._write_chunk(is_last=False)
        return len(data)

    def _write_chunk(self, *, is_last: bool) -> None:
        chunk = bytes(self.buffer[:CHUNK_BYTES])
        del self.buffer[:CHUNK_BYTES]
        self.file.write(self.cipher.encrypt(nonce(self.number, is_last=is_last), chunk, None))
        self.number += 1

    def flush(self) -> None:
        """Do nothing: chunks are written when they are full."""

    def finish(self) -> None:
        self._write_chunk(is_last=True)


class DecryptingFile(io.RawIOBase):
    """A file that is read decrypted. Where a chunk was changed, or chunks were cut off, reading raises OSError."""

    def __init__(self, file: IO[bytes], key: BackupKey, name: str) -> None:
        self.file, self.name = file, name
        header = file.read(HEADER_BYTES)
        if not header.startswith(MAGIC) or len(header) < HEADER_BYTES:
            raise OSError(errno.EBADMSG, "This file of the backup is not encrypted with BACKUP_KEY", name)
        self.cipher = key.cipher(header[len(MAGIC) :], name)
        self.number = 0
        self.content = b""
        self.next = self._read_stored()
        if not self.next:  # an empty file has one chunk
            raise OSError(errno.EBADMSG, "The file was changed", name)

    def _read_stored(self) -> bytes:
        pieces, left = [], CHUNK_BYTES + TAG_BYTES
        while left and (piece := self.file.read(left)):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target).cast("B")
        while not self.content and self.next:
            stored, self.next = self.next, self._read_stored()
            try:
                self.content = self.cipher.decrypt(nonce(self.number, is_last=not self.next), stored, None)
            except (InvalidTag, ValueError) as error:
                raise OSError(errno.EBADMSG, "Another key, or the file was changed", self.name) from error
            self.number += 1
        size = min(len(view), len(self.content))
        view[:size] = self.content[:size]
        self.content = self.content[size:]
        return size

    def close(self) -> None:
        self.file.close()
        super().close()


def content_size(stored: int) -> int:
    """Return the size of the content of an encrypted file."""
    body = stored - HEADER_BYTES
    chunks = -(-body // (CHUNK_BYTES + TAG_BYTES))
    return body - chunks * TAG_BYTES
