"""Model versions: registered from a folder, activated one at a time, found again by every process by hash."""

import fcntl
import logging
import shutil
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.artifact import SHIPPED, Artifact, ArtifactError, load_artifact
from mlcore.reading.reader import Reader
from recognizer.models import ModelVersion
from recognizer.problems import Problem

logger = logging.getLogger(__name__)

NAME_TAKEN = (
    "The shipped model %(name)s is not registered, for another network has this name here, and `manage.py "
    "promote_model %(name)s` means that one. If it has answered nothing yet, remove it (`manage.py shell -c "
    "\"from recognizer.models import *; ModelVersion.objects.get(version='%(name)s').delete()\"`) and run `manage.py "
    "prepare` again. If it has, it stays, and the next model that is shipped has another name."
)


def register_model(folder: Path, *, shipped: bool = False) -> ModelVersion:
    """Make a candidate of a verified artifact; its files go where uploads go, so that every machine reaches them."""
    artifact = load_artifact(folder)
    if not shipped:
        for file in sorted(folder.iterdir()):
            with file.open("rb") as content:
                default_storage.save(f"models/{artifact.version}/{file.name}", File(content))
    return ModelVersion.objects.create(
        # From the digest, so that a process which has loaded it survives a restore of the database.
        id=uuid.uuid5(uuid.NAMESPACE_OID, artifact.digest),
        version=artifact.version,
        digest=artifact.digest,
        shipped=shipped,
        card=artifact.card_as_dict(),
    )


def register_shipped_model() -> None:
    """At start-up: the shipped model becomes a row, and active only if nothing else is."""
    try:
        shipped = load_artifact(SHIPPED)
    except ArtifactError:
        logger.exception("The shipped model does not verify")
        return
    with transaction.atomic():
        named = ModelVersion.objects.filter(version=shipped.version).first()
        if not named:
            register_model(SHIPPED, shipped=True)
        elif named.digest != shipped.digest:
            logger.error(NAME_TAKEN, {"name": shipped.version})
        if not ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).exists():
            ModelVersion.objects.filter(version=shipped.version).update(
                state=ModelVersion.State.ACTIVE, activated_at=timezone.now()
            )


def version_named(name: str | None) -> ModelVersion | None:
    """Return the version of this name, None without a name; a Problem (not_found) if there is no such version."""
    if not name:
        return None
    # PostgreSQL raises an error for text with a NUL character.
    found = None if "\0" in name else ModelVersion.objects.filter(version=name).first()
    if not found:
        raise Problem("not_found")
    return found


def promote_model(version: ModelVersion) -> None:
    """Activate a version that loads and verifies. Going back is promoting the one before."""
    Reader(local_artifact(version))
    with transaction.atomic():
        ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).exclude(pk=version.pk).update(
            state=ModelVersion.State.RETIRED
        )
        ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.ACTIVE, activated_at=timezone.now())


def local_artifact(version: ModelVersion) -> Artifact:
    """The artifact on this machine's disk, verified against the digest that was registered."""
    if version.shipped:
        return load_artifact(SHIPPED.parent / version.version, digest=version.digest)
    folder = settings.MODEL_CACHE_ROOT / version.digest
    try:
        return load_artifact(folder, digest=version.digest)
    except ArtifactError:
        return _fetch(version, folder)


def _fetch(version: ModelVersion, folder: Path) -> Artifact:
    """From storage, by one process at a time: of several that miss it, the others find it here."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return load_artifact(folder, digest=version.digest)
            except ArtifactError:
                shutil.rmtree(folder, ignore_errors=True)
            _copy(f"models/{version.version}", folder)
    except OSError as error:
        raise ArtifactError(f"The files of {version.version} cannot be fetched: {error.strerror}.") from error
    return load_artifact(folder, digest=version.digest)


def _copy(stored: str, folder: Path) -> None:
    """Beside the folder first, then renamed, so that nobody ever reads half an artifact."""
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process that was killed
    unfinished.mkdir()
    for name in default_storage.listdir(stored)[1]:
        with default_storage.open(f"{stored}/{name}") as source, (unfinished / name).open("wb") as target:
            shutil.copyfileobj(source, target)
    unfinished.rename(folder)


def artifact_for(name: str) -> Artifact:
    """Of a folder, of a registered version by its name, or of one that comes with the code."""
    if Path(name).is_dir():
        return load_artifact(Path(name))
    version, trouble = None, f"There is no model {name}; `manage.py models` lists them."
    try:
        version = ModelVersion.objects.filter(version=name).first()
    except DatabaseError:
        trouble = f"The database does not answer, and {name} is neither a folder nor a model that comes with the code."
    if version:
        return local_artifact(version)
    if (SHIPPED.parent / name).is_dir():
        return load_artifact(SHIPPED.parent / name)
    raise ArtifactError(trouble)


def active_artifact() -> Artifact:
    """Of the active version if the database answers, and the shipped one otherwise."""
    try:
        version = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    except DatabaseError:
        version = None
    return local_artifact(version) if version else load_artifact(SHIPPED)


@dataclass(frozen=True, slots=True)
class ActiveModel:
    version: ModelVersion
    reader: Reader


class ModelCache:
    """The readers of this process. It asks the database at most once a second which one is active."""

    ASK_EVERY_SECONDS = 1.0
    KEPT = 3

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loaded: dict[str, ActiveModel] = {}
        self.active: ActiveModel | None = None
        self.asked_at = -float("inf")

    def active_model(self) -> ActiveModel:
        if self.active and time.monotonic() - self.asked_at < self.ASK_EVERY_SECONDS:
            return self.active
        with self.lock:
            version = ModelVersion.objects.defer("card").filter(state=ModelVersion.State.ACTIVE).first()
            if version and not (self.active and self.active.version.digest == version.digest):
                self._activate(version)
            self.asked_at = time.monotonic()
        if not self.active:
            raise Problem("model_unavailable")
        return self.active

    def _activate(self, version: ModelVersion) -> None:
        try:
            self.active = self._load(version)
        except ArtifactError:
            # The old model, if there is one, goes on serving.
            logger.exception("Model %s does not verify and is not used", version.version)

    def model(self, version: ModelVersion) -> ActiveModel:
        """Any version, for its past predictions."""
        with self.lock:
            try:
                return self._load(version)
            except ArtifactError as error:
                logger.exception("Model %s does not verify", version.version)
                raise Problem(
                    "model_unavailable",
                    _("Model %(version)s cannot be loaded.") % {"version": version.version},
                ) from error

    def _load(self, version: ModelVersion) -> ActiveModel:
        if version.digest not in self.loaded:
            self.loaded[version.digest] = ActiveModel(version, Reader(local_artifact(version)))
            if len(self.loaded) > self.KEPT:
                del self.loaded[next(iter(self.loaded))]
        return self.loaded[version.digest]


models = ModelCache()
