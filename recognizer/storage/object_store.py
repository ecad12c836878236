"""The media storage in a bucket of an object store that speaks S3, such as MinIO, Garage, Ceph or Amazon S3.

The bucket is private. Files are read by this software alone, which passes them on after it has checked their owner.
"""

import errno
import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import IO, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

MULTIPART_BYTES = 16 << 20  # larger files are sent in parts of this size
MEMORY_BYTES = 4 << 20  # larger files are read into a temporary file
# A job has JOB_SOFT_LIMIT_SECONDS. An outage must be noticed before, so that it costs the job no attempt.
CONNECT_SECONDS, ANSWER_SECONDS = 2, 4
ATTEMPTS = 3
SPARED_SECONDS = 2.0  # after an outage, calls fail at once for this time instead of waiting one after the other
FULL = {"QuotaExceeded", "InsufficientStorage", "StorageFull", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
INSUFFICIENT_STORAGE = 507
EXISTS = {"PreconditionFailed", "ConditionalRequestConflict"}


class ObjectFile(File):
    """A file that was fetched completely. It can be opened again after it was closed."""

    def __init__(self, storage: "ObjectStorage", name: str) -> None:
        super().__init__(storage.fetch(name), name)
        self.storage = storage

    def open(self, mode: str | None = None, *args: Any, **kwargs: Any) -> "ObjectFile":
        if self.closed:
            self.file = self.storage.fetch(self.name or "")
        self.seek(0)
        return self


class ObjectStorage(S3Storage):  # type: ignore[misc]
    """Media storage in a bucket. Whatever goes wrong is an OSError, as it is with the storage on the disk."""

    has_folders = False

    def __init__(self, **options: Any) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # connections and locks do not survive a fork
        client_config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=32,
            # Names such as BUCKET.minio.example.org exist at Amazon alone.
            s3={"addressing_style": "path" if options.get("endpoint_url") else "auto"},
            # Other stores refuse the checksums that the library adds by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        transfer_config = TransferConfig(
            multipart_threshold=MULTIPART_BYTES, multipart_chunksize=MULTIPART_BYTES, use_threads=False
        )
        super().__init__(client_config=client_config, transfer_config=transfer_config, file_overwrite=True, **options)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._connection: Any = None
        self._bucket = None
        self._down_until = 0.0

    @property
    def connection(self) -> Any:
        """Return the connections of this process, which all of its threads share."""
        with self._lock:
            if self._connection is None:
                self._connection = self._create_session().resource(
                    "s3", region_name=self.region_name, endpoint_url=self.endpoint_url, config=self.client_config
                )
            return self._connection

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    @contextmanager
    def _os_errors(self, name: str) -> Iterator[None]:
        """Raise errors of the store as those that the disk would raise."""
        if time.monotonic() < self._down_until:
            raise OSError(errno.EIO, "The object store did not answer recently", name)
        try:
            yield
        except ClientError as error:
            raise os_error(error, name) from error
        except (BotoCoreError, Boto3Error) as error:
            if isinstance(error, (ConnectionError, HTTPClientError)):
                self._down_until = time.monotonic() + SPARED_SECONDS
            raise OSError(errno.EIO, f"The object store cannot be used: {error}", name) from error

    def _key(self, name: str) -> str:
        return str(self._normalize_name(clean_name(name)))

    def _place(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._key(name)}

    def fetch(self, name: str) -> IO[bytes]:
        """Return the content of a file."""
        with self._os_errors(name):
            for attempt in range(1, ATTEMPTS + 1):
                answer = self._client.get_object(**self._place(name))
                in_memory = answer["ContentLength"] <= MEMORY_BYTES
                content: IO[bytes] = io.BytesIO() if in_memory else tempfile.TemporaryFile()  # noqa: SIM115
                try:
                    shutil.copyfileobj(answer["Body"], content)
                except BotoCoreError:  # the connection broke off: the library repeats only what has not begun
                    content.close()
                    if attempt == ATTEMPTS:
                        raise
                    continue
                content.seek(0)
                return content
        raise AssertionError("unreachable")

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("Files are written as a whole, with save().")
        return ObjectFile(self, name)

    def _save(self, name: str, content: File) -> str:
        with self._os_errors(name):
            return str(super()._save(name, content))

    def save_new(self, name: str, content: File) -> bool:
        """Write a file unless one of this name exists, and return whether it was written."""
        content.seek(0)
        try:
            with self._os_errors(name):
                if content.size > MULTIPART_BYTES:
                    self._put_new_in_parts(name, content)
                else:
                    parameters = self._get_write_parameters(name)
                    self._client.put_object(**self._place(name), Body=content, IfNoneMatch="*", **parameters)
        except OSError as error:
            code = error_code(error.__cause__)
            if code in EXISTS:
                return False
            if code != "NotImplemented":
                raise
            if self.exists(name):  # a store without conditions
                return False
            self._save(name, content)
        return True

    def _put_new_in_parts(self, name: str, content: File) -> None:
        """Write a large file unless one of this name exists: stores refuse more than 5 GB in one request."""
        client = self._client
        upload = self._place(name)
        upload["UploadId"] = client.create_multipart_upload(**upload, **self._get_write_parameters(name))["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            while piece := content.read(MULTIPART_BYTES):
                answer = client.upload_part(**upload, PartNumber=len(parts) + 1, Body=piece)
                parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"]})
            client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
        except BaseException:
            with suppress(ClientError, BotoCoreError):
                client.abort_multipart_upload(**upload)
            raise

    def delete(self, name: str) -> None:
        """Delete a file. A missing one is no error."""
        with self._os_errors(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        try:
            self._head(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        return int(self._head(name)["ContentLength"])

    def get_modified_time(self, name: str) -> datetime:
        changed: datetime = self._head(name)["LastModified"]
        return changed

    def size_and_time(self, name: str) -> tuple[int, datetime]:
        """Return the size of a file and the time of its last change, with one request."""
        found = self._head(name)
        return int(found["ContentLength"]), found["LastModified"]

    def _head(self, name: str) -> dict[str, Any]:
        with self._os_errors(name):
            answer: dict[str, Any] = self._client.head_object(**self._place(name))
            return answer

    def list_tree(self, folder: str) -> Iterator[str]:
        """Yield the names of all files below a folder, with one request for a thousand of them."""
        return (name for name, _size in self.list_sizes(folder))

    def list_sizes(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield the names and the sizes of all files below a folder."""
        prefix = self._prefix(folder)
        start = f"{folder}/" if folder else ""
        for page in self._list(Prefix=prefix):
            yield from (
                (start + entry["Key"].removeprefix(prefix), int(entry["Size"])) for entry in page.get("Contents", ())
            )

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the names of the folders and of the files in a folder."""
        prefix = self._prefix(path)
        folders: list[str] = []
        files: list[str] = []
        for page in self._list(Prefix=prefix, Delimiter="/"):
            folders += [entry["Prefix"].removeprefix(prefix)[:-1] for entry in page.get("CommonPrefixes", ())]
            files += [entry["Key"].removeprefix(prefix) for entry in page.get("Contents", ()) if entry["Key"] != prefix]
        return folders, files

    def _prefix(self, folder: str) -> str:
        key = self._key(folder) if folder else self.location.strip("/")
        return f"{key.rstrip('/')}/" if key else ""

    def _list(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of a list. Raise OSError if the store breaks it off: nothing may be overlooked."""
        token = ""
        while True:
            with self._os_errors(parameters["Prefix"]):
                following = {"ContinuationToken": token} if token else {}
                page = self._client.list_objects_v2(Bucket=self.bucket_name, **parameters, **following)
            yield page
            if not page.get("IsTruncated"):
                return
            next_token = page.get("NextContinuationToken", "")
            if next_token in ("", token):
                raise OSError(errno.EIO, "The object store did not return all of a list", parameters["Prefix"])
            token = next_token

    def is_public(self, name: str) -> bool:
        """Return whether the store gives this file to everybody who knows its address."""
        client = self.unsigned_connection.meta.client
        try:
            client.get_object(**self._place(name))["Body"].close()
        except (ClientError, BotoCoreError):
            return False
        return True

    def keeps_deleted(self, name: str) -> bool:
        """Return whether the store keeps the content of a file that was deleted; False where it does not tell."""
        place = {"Bucket": self.bucket_name, "Prefix": self._key(name)}
        try:
            return bool(self._client.list_object_versions(**place).get("Versions"))
        except (ClientError, BotoCoreError):
            return False


def error_code(error: BaseException | None) -> str:
    """Return the code that the store gave the error, or an empty text."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def os_error(error: ClientError, name: str) -> OSError:
    """Return the error of the operating system that means the same."""
    code, status = error_code(error), error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code in ("NoSuchKey", "NotFound", "404"):
        return FileNotFoundError(errno.ENOENT, "There is no such file", name)
    if code in FULL or status == INSUFFICIENT_STORAGE:
        return OSError(errno.ENOSPC, f"The object store is full ({code})", name)
    number = errno.EACCES if status in (401, 403) else errno.EIO
    return OSError(number, f"The object store refused it: {error}", name)
