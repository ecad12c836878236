"""Models as ZIP files: uploaded, which is checked as hostile, and downloaded."""

import re
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from mlcore.artifact import CARD
from mlcore.untrusted.archive import UntrustedError
from mlcore.untrusted.verification import verify_archive
from recognizer.models import IdempotencyRecord, ModelEvent, ModelVersion
from recognizer.problems import Problem
from recognizer.services.limits import idempotency
from recognizer.services.registry.model_changes import record_event
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import registered_model
from recognizer.services.security_log import Event, log_event

# Releases are named digits-N and candidates of trainings learnt-N; the others are addresses of pages.
RESERVED = re.compile(r"(digits|learnt)-\d+|trainings|upload|current|promotions", re.ASCII)


def upload_model(data: bytes, *, by: User, record: IdempotencyRecord | None = None) -> ModelVersion:
    """Register the model in a ZIP file as a candidate. Nothing is loaded in this process, and nothing refused is kept.

    What its card says about its training and its figures is not stored, because nobody here measured it. The key of the
    row is kept in `record`.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            artifact = verify_archive(data, Path(folder))
        except UntrustedError as error:
            raise Problem("model_refused", str(error)) from error
        if RESERVED.fullmatch(artifact.version):
            text = _("The name %(version)s is reserved. Give the model another one.")
            raise Problem("model_refused", text % {"version": artifact.version})
        try:
            with registered_model(artifact.folder, has_known_figures=False) as version:
                record_event(version, ModelEvent.Kind.UPLOADED, by=by)
                if record:
                    idempotency.store_created_id(record, version.pk)
        except IntegrityError as error:
            known = Q(version=artifact.version) | Q(digest=artifact.digest)
            if not ModelVersion.objects.filter(known).exists():
                raise
            raise Problem("conflict", _("A model with this name or with these files is registered.")) from error
    log_event(Event.MODEL_UPLOADED, account=by.pk, version=version.version)
    return version


def pack_model(version: ModelVersion, file: IO[bytes], *, by: User) -> None:
    """Write the files of a model into a ZIP file. They are packed already, so they are only stored."""
    artifact = local_artifact(version)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in (*artifact.card.files, CARD):
            archive.write(artifact.folder / name, name)
    record_event(version, ModelEvent.Kind.DOWNLOADED, by=by)
    log_event(Event.MODEL_DOWNLOADED, account=by.pk, version=version.version)
