"""The files of model versions: in the storage for every machine, and verified on this machine's disk.

The shipped model lies in the source tree as well, where it is read without a copy.
"""

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from mlcore.artifact import CARD, SHIPPED, Artifact, ArtifactError, load_artifact
from mlcore.atomic_files import make_folder_atomic
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.space.cleanup import NamedFile, NewFile
from recognizer.services.space.folders import list_folders

SHIPPED_FOLDER = SHIPPED.parent  # one folder per shipped version; older releases kept several here


class MissingFilesError(ArtifactError):
    """An artifact that is neither in the source tree nor in the storage."""


def store_artifact(artifact: Artifact, folder: str, stored: list[NewFile]) -> None:
    """Copy the files of the artifact into a folder of the storage, the card last: where it is, the others are.

    Each is added to the list before it is written.
    """
    for name in (*artifact.card.files, CARD):
        stored.append(NamedFile(f"{folder}/{name}"))
        with (artifact.folder / name).open("rb") as content:
            default_storage.save(f"{folder}/{name}", File(content))


def store_shipped_artifacts() -> None:
    """Copy every registered artifact of the source tree into the storage, unless it is there.

    A later release may come without it; the storage keeps it for the predictions that it made.
    """
    for version in ModelVersion.objects.filter(shipped=True):
        try:
            artifact = load_artifact(SHIPPED_FOLDER / version.version, digest=version.digest)
        except ArtifactError:
            continue  # not in the tree of this release
        if _stored_digest(version) != artifact.digest:
            store_artifact(artifact, version.stored_folder, [])  # the next call completes what an error leaves


def find_folders() -> None:
    """Fill in the folder of every model whose files lie in one below the name of its version.

    An earlier release does not know the column. On the way back to it the migration drops the column, and the next
    upgrade begins with empty ones.
    """
    for version in ModelVersion.objects.filter(folder="").only("version", "digest", "folder"):
        if _stored_digest(version) == version.digest:
            continue
        for name in list_folders(version.stored_folder):
            found = ModelVersion(version=version.version, folder=f"{version.version}/{name}")
            if _stored_digest(found) == version.digest:
                ModelVersion.objects.filter(pk=version.pk).update(folder=found.folder)
                break


def _stored_digest(version: ModelVersion) -> str:
    card = f"{version.stored_folder}/{CARD}"
    if not default_storage.exists(card):
        return ""
    with default_storage.open(card) as content:
        return hashlib.sha256(content.read()).hexdigest()


@contextmanager
def unavailable_if_damaged(version: ModelVersion) -> Iterator[None]:
    """Raise a Problem (model_unavailable) with the name of the version where its files do not verify."""
    try:
        yield
    except ArtifactError as error:
        raise Problem("model_unavailable", _("Model %(version)s cannot be loaded.") % {"version": version}) from error


def local_artifact(version: ModelVersion) -> Artifact:
    """Return the artifact on this machine's disk, verified against the registered digest."""
    cached = settings.MODEL_CACHE_ROOT / version.digest
    for folder in [SHIPPED_FOLDER / version.version, cached] if version.shipped else [cached]:
        try:
            return load_artifact(folder, digest=version.digest)
        except ArtifactError:
            continue
    return _fetch_artifact(version, cached)


def _fetch_artifact(version: ModelVersion, folder: Path) -> Artifact:
    """Copy the artifact from the storage. Of several processes that miss it at once, one copies."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return load_artifact(folder, digest=version.digest)
            except ArtifactError:
                shutil.rmtree(folder, ignore_errors=True)
            if not default_storage.exists(f"{version.stored_folder}/{CARD}"):
                raise MissingFilesError(f"The files of {version.version} no longer exist.")
            _copy_from_storage(version.stored_folder, folder)
    except OSError as error:
        raise ArtifactError(f"The files of {version.version} cannot be fetched: {error.strerror}.") from error
    return load_artifact(folder, digest=version.digest)


def _copy_from_storage(stored_folder: str, folder: Path) -> None:
    with make_folder_atomic(folder) as part:
        for name in default_storage.listdir(stored_folder)[1]:
            with default_storage.open(f"{stored_folder}/{name}") as source, (part / name).open("wb") as target:
                shutil.copyfileobj(source, target)
