"""Model versions: registered from an artifact, activated one at a time, and loaded by every process."""

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mlcore.artifact import SHIPPED, Artifact, ArtifactError, load_artifact
from mlcore.reading.reader import Reader
from recognizer.models import ModelVersion, Promotion
from recognizer.problems import Problem
from recognizer.services.registry.model_files import MissingFilesError, local_artifact, store_artifact
from recognizer.services.space.cleanup import delete_files_on_error

logger = logging.getLogger(__name__)

NAME_TAKEN = (
    "The shipped model %(name)s is not registered, because another network is registered under this name. "
    "`manage.py promote_model %(name)s` would activate that network. "
    "If it has made no predictions and no training began from it, delete it "
    "(`manage.py shell -c \"from recognizer.models import *; ModelVersion.objects.get(version='%(name)s').delete()\"`) "
    "and run `manage.py prepare` again. Otherwise wait for the next release, whose model has another name."
)
FILES_MISSING = (
    "The files of the active model %(active)s no longer exist, so the shipped model %(shipped)s is active now. "
    "Explanations of the predictions of %(active)s are not available."
)


def register_model(folder: Path) -> ModelVersion:
    """Verify and store the artifact, create its row, a candidate, and return it."""
    with registered_model(folder) as version:
        return version


@contextmanager
def registered_model(folder: Path, *, has_known_figures: bool = True) -> Iterator[ModelVersion]:
    """Register the artifact as a candidate in one transaction with the block, which gets the row.

    The files are stored before the transaction begins, since a database must not wait for a storage: SQLite has one
    writer. They lie in a folder of their own, so that the files of a registered version are never overwritten, and
    they are removed if the transaction fails. Without known figures the row's card has neither figures nor a record of
    the training.
    """
    artifact = load_artifact(folder)
    version = ModelVersion(**_columns_of(artifact), folder=f"{artifact.version}/{uuid.uuid4()}")
    if not has_known_figures:
        version.card |= {"training": {}, "metrics": {}}
    with delete_files_on_error() as stored:
        store_artifact(artifact, version.stored_folder, stored)
        with transaction.atomic():
            version.save(force_insert=True)
            yield version
            stored.clear()


def register_shipped_model() -> None:
    """Create the row of the shipped model. Activate it if no model is active, or if the active one lost its files."""
    try:
        shipped = load_artifact(SHIPPED)
    except ArtifactError:
        logger.exception("The shipped model does not verify")
        return
    columns = _columns_of(shipped) | {"shipped": True}
    version, _created = ModelVersion.objects.get_or_create(version=shipped.version, defaults=columns)
    if version.digest != shipped.digest:
        logger.error(NAME_TAKEN, {"name": shipped.version})
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    if not active:
        activate_version(version)
    elif version.digest == shipped.digest and not _has_files(active):
        logger.warning(FILES_MISSING, {"active": active, "shipped": version})
        activate_version(version)


def _columns_of(artifact: Artifact) -> dict[str, Any]:
    return {
        # From the digest, so that a process which has loaded it survives a restore of the database.
        "id": uuid.uuid5(uuid.NAMESPACE_OID, artifact.digest),
        "version": artifact.version,
        "digest": artifact.digest,
        "card": artifact.card_as_dict(),
    }


def _has_files(version: ModelVersion) -> bool:
    """Return False only where the files are gone: damaged ones are for a person to look at."""
    try:
        local_artifact(version)
    except MissingFilesError:
        return False
    except ArtifactError:
        logger.exception("The active model %s does not load", version)
    return True


def version_named(name: str | None) -> ModelVersion | None:
    """Return the version of this name, None without a name; a Problem (not_found) if there is no such version."""
    if not name:
        return None
    # PostgreSQL raises an error for text with a NUL character.
    found = None if "\0" in name else ModelVersion.objects.filter(version=name).first()
    if not found:
        raise Problem("not_found")
    return found


def lock_versions() -> None:
    """Let this transaction alone change the states of versions. Answers and trainings that refer to them go on.

    All rows are locked: the active one would be another when a transaction that waited for it goes on.
    """
    list(ModelVersion.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


@transaction.atomic
def activate_version(version: ModelVersion, *, by: User | None = None, reason: str = "") -> None:
    """Make the version the active one, and record the promotion."""
    lock_versions()
    active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE)
    previous = active.exclude(pk=version.pk).first()
    active.exclude(pk=version.pk).update(state=ModelVersion.State.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(state=ModelVersion.State.ACTIVE, activated_at=timezone.now())
    Promotion.objects.create(version=version, previous=previous, by=by, reason=reason)


def artifact_for(name: str) -> Artifact:
    """Return the artifact of a folder or of a version. The shipped model needs no database."""
    if Path(name).is_dir():
        return load_artifact(Path(name))
    trouble = f"There is no model {name}; `manage.py models` lists them."
    try:
        version = ModelVersion.objects.filter(version=name).first()
    except DatabaseError:
        version, trouble = None, f"The database does not answer, and {name} is neither a folder nor the shipped model."
    if version:
        return local_artifact(version)
    if name == SHIPPED.name:
        return load_artifact(SHIPPED)
    raise ArtifactError(trouble)


def active_artifact() -> Artifact:
    """Return the active version's artifact, or the shipped one if the database does not answer."""
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
    """The models that this process has loaded. It asks the database at most once a second which one is active.

    Each model is loaded under a lock of its own. One thread at a time asks for the active one and loads it, while the
    others go on with the one before, since its files may come from a slow storage.
    """

    ASK_EVERY_SECONDS = 1.0
    MAX_LOADED = 3

    def __init__(self) -> None:
        self.lock = threading.Lock()  # of the attributes below; nobody waits for anything else under it
        self.asking = threading.Lock()
        self.loading: dict[str, threading.Lock] = {}  # by digest
        self.loaded: dict[str, ActiveModel] = {}
        self.active: ActiveModel | None = None
        self.asked_at = -float("inf")

    def active_model(self) -> ActiveModel:
        """Return the active model. While another thread asks for it, that is the one that was active before."""
        if self.active and time.monotonic() - self.asked_at < self.ASK_EVERY_SECONDS:
            return self.active
        if self.asking.acquire(blocking=self.active is None):
            try:
                self._ask()
            finally:
                self.asking.release()
        if not self.active:
            raise Problem("model_unavailable")
        return self.active

    def _ask(self) -> None:
        version = ModelVersion.objects.defer("card").filter(state=ModelVersion.State.ACTIVE).first()
        if version and not self._is_active(version):
            self._use(version)
        self.asked_at = time.monotonic()

    def _is_active(self, version: ModelVersion) -> bool:
        return self.active is not None and self.active.version.digest == version.digest

    def state(self) -> str:
        """Return `ok`, `outdated` if this process goes on with the model before the active one, or `down`."""
        try:
            used = self.active_model().version
            active = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).values_list("digest", flat=True)
            return "ok" if used.digest in active else "outdated"
        except (Problem, DatabaseError):
            return "down"

    def _use(self, version: ModelVersion) -> None:
        try:
            loaded = self._load(version)
            with self.lock:
                self.active = loaded
        except ArtifactError:
            # The model that was active before, if there is one, continues to serve.
            logger.exception("Model %s does not verify and is not used", version.version)

    def model(self, version: ModelVersion) -> ActiveModel:
        """Return any version, to explain its past predictions."""
        try:
            return self._load(version)
        except MissingFilesError as error:
            raise Problem(
                "model_gone",
                _(
                    "The files of model %(version)s no longer exist, so what it saw cannot be shown. "
                    "Read the picture again to see what the current model sees."
                )
                % {"version": version.version},
            ) from error
        except ArtifactError as error:
            logger.exception("Model %s does not verify", version.version)
            raise Problem(
                "model_unavailable",
                _("Model %(version)s cannot be loaded.") % {"version": version.version},
            ) from error

    def _load(self, version: ModelVersion) -> ActiveModel:
        """Return a version. A loaded one whose files were removed is loaded again, or goes on without them."""
        with self.loading.setdefault(version.digest, threading.Lock()):
            with self.lock:
                known = self.active if self._is_active(version) else self.loaded.get(version.digest)
            if known and known.reader.engine.artifact.folder.is_dir():
                return known
            try:
                loaded = ActiveModel(version, Reader(local_artifact(version)))
            except ArtifactError:
                if known:
                    return known
                raise
            with self.lock:
                self._keep(loaded)
            return loaded

    def _keep(self, loaded: ActiveModel) -> None:
        self.loaded[loaded.version.digest] = loaded
        if self._is_active(loaded.version):
            self.active = loaded
        if len(self.loaded) > self.MAX_LOADED:
            del self.loaded[next(iter(self.loaded))]


models = ModelCache()
