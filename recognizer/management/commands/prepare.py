"""Everything between unpacking the software and its first request; run again, it does nothing."""

import hashlib
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from recognizer.services.registry.model_versions import register_shipped_model
from recognizer.services.space.planning import tell_sizes

ADMIN_NAME = "admin"


class Command(BaseCommand):
    help = "Migrate, collect static files, register the shipped model and create the first admin."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        tell_sizes()
        self.collect_static_files()
        register_shipped_model()
        self.create_first_admin()

    def collect_static_files(self) -> None:
        """Compressing them takes seconds, so it is done only when one of them has changed."""
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
        self.stdout.write(f"The first account: {name}, password {password} (shown only now; change it in the page)")


def static_files_fingerprint() -> str:
    """Of the names, sizes and times of all static files."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list(None):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
