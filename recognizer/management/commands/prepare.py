"""Command that prepares an installation before its first start and after every update.

It may be run again at any time: it does only what is missing.
"""

import hashlib
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from recognizer.services.quality.audits import fill_texts
from recognizer.services.registry.model_files import find_folders, store_shipped_artifacts
from recognizer.services.registry.model_versions import register_shipped_model
from recognizer.services.space.query_planner import update_planner_statistics
from recognizer.services.upgrade import UpgradePlan, plan_upgrade

ADMIN_NAME = "admin"


class Command(BaseCommand):
    help = "Migrate, collect static files, register the shipped model and create the first admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say what would be done, and what forbids it")
        parser.add_argument("--backup", metavar="PLACE", help="take a backup first, as `backup PLACE` does")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = plan_upgrade()
        for warning in plan.warnings:
            self.stderr.write(warning)
        if options["check"]:
            self.show_plan(plan)
        if plan.faults:
            raise CommandError("Nothing was changed. " + " ".join(plan.faults))
        if options["check"]:
            return
        if options["backup"]:
            call_command("backup", options["backup"], stdout=self.stdout, stderr=self.stderr)
        call_command("migrate", interactive=False, verbosity=0)
        fill_texts()
        update_planner_statistics()
        self.collect_static_files()
        find_folders()
        register_shipped_model()
        self.store_artifacts()
        self.create_first_admin()

    def show_plan(self, plan: UpgradePlan) -> None:
        for migration in plan.migrations:
            self.stdout.write(f"migration {migration}")
        if not plan.migrations:
            self.stdout.write("The tables are those of this release.")

    def store_artifacts(self) -> None:
        try:
            store_shipped_artifacts()
        except OSError as error:  # the model is read from the source tree until there is space for the copy
            self.stderr.write(f"The shipped model could not be copied into the storage: {error}")

    def collect_static_files(self) -> None:
        """Collect the static files if one of them has changed, since compressing them takes seconds."""
        stamp = Path(settings.STATIC_ROOT) / ".stamp"
        fingerprint = static_files_fingerprint()
        if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint:
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(fingerprint, encoding="ascii")

    def create_first_admin(self) -> None:
        if User.objects.filter(is_superuser=True).exists():
            return
        name = ADMIN_NAME
        while User.objects.filter(username=name).exists():
            name = f"{ADMIN_NAME}-{secrets.token_hex(2)}"
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(name, password=password)
        self.stdout.write(
            f"The first account: {name}, password {password} (shown only once; change it on the account page)"
        )


def static_files_fingerprint() -> str:
    """Return a digest of the names, sizes and times of all static files."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list(None):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
