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

SHIPPED_FOLDER = SHIPPED.parent  # one folder per shipped version; older releases kept several here


class MissingFilesError(ArtifactError):
    """An artifact that is neither in the source tree nor in the storage."""


def store_artifact(artifact: Artifact) -> None:
    """Copy the files of the artifact into the storage, the card last: where it is, the others are."""
    for name in (*artifact.card.files, CARD):
        with (artifact.folder / name).open("rb") as content:
            default_storage.save(_stored_name(artifact.version, name), File(content))


def store_shipped_artifacts() -> None:
    """Copy every registered artifact of the source tree into the storage, unless it is there.

    A later release may come without it; the storage keeps it for the predictions that it made.
    """
    for version in ModelVersion.objects.filter(shipped=True):
        try:
            artifact = load_artifact(SHIPPED_FOLDER / version.version, digest=version.digest)
        except ArtifactError:
            continue  # not in the tree of this release
        if _stored_digest(artifact.version) != artifact.digest:
            store_artifact(artifact)


def _stored_digest(version: str) -> str:
    card = _stored_name(version, CARD)
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
            if not default_storage.exists(_stored_name(version.version, CARD)):
                raise MissingFilesError(f"The files of {version.version} no longer exist.")
            _copy_from_storage(version.version, folder)
    except OSError as error:
        raise ArtifactError(f"The files of {version.version} cannot be fetched: {error.strerror}.") from error
    return load_artifact(folder, digest=version.digest)


def _copy_from_storage(version: str, folder: Path) -> None:
    with make_folder_atomic(folder) as part:
        for name in default_storage.listdir(_stored_name(version))[1]:
            with default_storage.open(_stored_name(version, name)) as source, (part / name).open("wb") as target:
                shutil.copyfileobj(source, target)


def _stored_name(*parts: str) -> str:
    return "/".join(("models", *parts))
