"""The check before an update: what it would do, and what forbids it. Nothing is changed here."""

import re
import sys
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from recognizer.models import Backup
from recognizer.services.space.disk import folders, free_bytes

PYTHONS = ((3, 11), (3, 13))  # as in pyproject.toml
STATIC_BYTES = 64 * 1024**2  # the collected static files, and copies of the models


@dataclass
class UpgradePlan:
    """The migrations that are missing, why they must not be applied, and what deserves attention."""

    migrations: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def plan_upgrade() -> UpgradePlan:
    """Return what `manage.py prepare` would do now. A new installation has nothing to lose, and is not warned."""
    plan = UpgradePlan()
    executor = MigrationExecutor(connection)
    known = set(executor.loader.disk_migrations or ())
    applied = set(executor.loader.applied_migrations)
    missing = [migration for migration, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    plan.migrations = [f"{migration.app_label}.{migration.name}" for migration in missing]
    newer = sorted(f"{app}.{name}" for app, name in applied - known)
    if newer:
        plan.faults.append(
            f"A newer release has prepared this database: this one does not know {', '.join(newer)}. Install that "
            "release, or go back as docs/upgrading.md describes."
        )
    plan.faults += _faults_of_versions()
    plan.faults += _faults_of_space(is_rewritten=bool(applied and missing))
    plan.warnings += _different_packages(Path(settings.BASE_DIR) / "requirements-serve.txt")
    if missing and ("recognizer", "0001_initial") in applied and User.objects.exists():
        plan.warnings.append(_describe_backup(has_table=("recognizer", "0027_backup") in applied))
    return plan


def _faults_of_versions() -> list[str]:
    found = sys.version_info[:2]
    if PYTHONS[0] <= found <= PYTHONS[1]:
        return []
    wanted = " to ".join(".".join(map(str, each)) for each in PYTHONS)
    return [f"Python {'.'.join(map(str, found))} is not supported. Use Python {wanted}."]


def _faults_of_space(*, is_rewritten: bool) -> list[str]:
    """Return the volumes that are too full. A migration may write a table of SQLite anew, and its journal as well."""
    needed = STATIC_BYTES
    if connection.vendor == "sqlite" and is_rewritten:
        needed += 2 * Path(str(connection.settings_dict["NAME"])).stat().st_size
    return [
        f"{folder} has {free / 1e6:.0f} MB of free space; the update may need {needed / 1e6:.0f} MB."
        for folder in sorted({*folders(), Path(settings.STATIC_ROOT)})
        if (free := free_bytes(folder)) < needed
    ]


def _different_packages(requirements: Path) -> list[str]:
    """Return the packages whose version is not the one of this release: their update was forgotten."""
    if not requirements.exists():
        return []
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)(?: ; [^\\]*)? \\$", requirements.read_text(), re.MULTILINE)
    different = []
    for name, wanted in pinned:
        try:
            found = version(name)
        except PackageNotFoundError:
            continue  # of another system
        if found != wanted:
            different.append(f"{name} {found} instead of {wanted}")
    if not different:
        return []
    return [f"Packages differ from requirements-serve.txt, which pip installs: {', '.join(different)}."]


def _describe_backup(*, has_table: bool) -> str:
    latest = Backup.objects.order_by("finished_at").last() if has_table else None
    advice = "`manage.py prepare --backup PLACE` takes one first."
    if latest is None:
        return f"No backup was ever taken with `manage.py backup`. {advice}"
    hours = (timezone.now() - latest.finished_at).total_seconds() / 3600
    return f"The last backup is {hours:.0f} hours old. {advice}"
