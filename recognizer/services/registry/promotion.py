"""Promotions: the comparison that a candidate has to pass, and the activation of a model version."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from mlcore.reading.reader import Reader
from recognizer.models import ModelVersion, Promotion
from recognizer.problems import Problem
from recognizer.services.registry.model_files import local_artifact
from recognizer.services.registry.model_versions import activate_version, lock_versions
from recognizer.services.security_log import Event, log_event


def store_gate(candidate: ModelVersion, active: ModelVersion, result: dict[str, Any]) -> None:
    """Keep the result of a comparison with the row of the candidate."""
    candidate.gate = {**result, "against": active.version, "against_digest": active.digest}
    candidate.save(update_fields=["gate"])


def promote_model(version: ModelVersion, *, by: User | None = None, reason: str = "") -> None:
    """Activate a version that loads, verifies and passed the gate. To go back, promote the version before.

    A `reason` overrules the gate and is kept. The gate does not concern versions that were active before, and those
    that came with the software.
    """
    reason = reason.strip()
    Reader(local_artifact(version))
    with transaction.atomic():
        lock_versions()  # from here on, no other process changes which version is active
        version.refresh_from_db(fields=["state", "gate"])
        if version.state == ModelVersion.State.ACTIVE:
            return
        if not reason:
            _require_gate(version)
        activate_version(version, by=by, reason=reason)
    if by:
        log_event(Event.MODEL_PROMOTED, account=by.pk, version=version.version)


def versions_with_lineage() -> QuerySet[ModelVersion]:
    """Return all versions without their cards, each with the names of related ones and the number of its training.

    `replaced` is the version that was active before it, `trained_from` the one that its training started from.
    """
    newest = Promotion.objects.filter(version=OuterRef("pk")).order_by("-at").values("previous__version")
    return ModelVersion.objects.defer("card").annotate(
        replaced=Subquery(newest[:1]),
        trained_from=F("training__base__version"),
        training_number=F("training__number"),
    )


def needs_reason(version: ModelVersion, active: ModelVersion | None) -> bool:
    """Return whether this version can only be promoted with a reason."""
    was_active = version.activated_at is not None or version.state == ModelVersion.State.ACTIVE
    if active is None or version.shipped or was_active:
        return False
    gate = version.gate or {}
    return gate.get("against_digest") != active.digest or not gate["passed"]


def _require_gate(version: ModelVersion) -> None:
    active = ModelVersion.objects.defer("card").filter(state=ModelVersion.State.ACTIVE).first()
    if active is None or not needs_reason(version, active):
        return
    names = {"version": version.version, "active": active.version}
    gate = version.gate or {}
    if gate.get("against_digest") != active.digest:
        raise Problem(
            "gate_not_passed", _("%(version)s has not been compared with the active model %(active)s.") % names
        )
    failed = ", ".join(check["name"] for check in gate["checks"] if not check["passed"])
    raise Problem(
        "gate_not_passed",
        _("%(version)s was not shown to be no worse than %(active)s: %(failed)s.") % {**names, "failed": failed},
    )
