import fcntl
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections

from mlcore.reading.result import MODES
from recognizer.management.users import find_user
from recognizer.problems import Problem
from recognizer.services.batches.watched_folder import SETTLED_SECONDS, WatchedFolder

PAUSE_SECONDS = 1.0
PAUSE_AFTER_PROBLEM_SECONDS = 10.0


class Command(BaseCommand):
    help = "Read the files that appear in a folder, and move each to done/ or failed/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", default=settings.WATCH_FOLDER, help="(default: WATCH_FOLDER)")
        parser.add_argument("--user", default=settings.WATCH_USER, metavar="NAME", help="(default: WATCH_USER)")
        parser.add_argument("--preset", default=settings.WATCH_PRESET, metavar="NAME", help="(default: WATCH_PRESET)")
        parser.add_argument("--mode", choices=MODES, help="(default: that of the preset, or auto)")
        parser.add_argument(
            "--settled",
            type=float,
            default=SETTLED_SECONDS,
            metavar="SECONDS",
            help=f"a file that did not change for so long is complete (default: {SETTLED_SECONDS:g})",
        )
        parser.add_argument("--once", action="store_true", help="end when no file waits, is taken or is being read")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["folder"]:
            raise CommandError("Name the folder, or set WATCH_FOLDER.", returncode=2)
        folder = Path(options["folder"]).absolute()
        user = find_user(options["user"])
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=2)
        watched = WatchedFolder(folder, user, options["mode"], options["preset"], options["settled"])
        try:
            watched.choose_way()
        except Problem as problem:
            raise CommandError(problem.detail, returncode=2) from problem
        with locked(folder):
            self.stdout.write(f"Watching {folder}")
            self.watch(watched, once=options["once"])

    def watch(self, watched: WatchedFolder, *, once: bool) -> None:
        while True:
            pause = PAUSE_SECONDS
            try:
                if moved := watched.run_once():
                    self.stdout.write(f"{moved} files were moved.")
                elif once and not watched.taken_files() and not any(watched.new_files()):
                    return
            except (Problem, DatabaseError, OSError) as error:  # it may pass; nothing is lost until then
                self.stderr.write(f"{type(error).__name__}: {error}")
                if isinstance(error, Problem) and error.code == "account_deletion":
                    raise CommandError(error.detail) from error
                pause = PAUSE_AFTER_PROBLEM_SECONDS
                close_old_connections()
            time.sleep(pause)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process alone. The lock ends with the process, however that ends."""
    with (folder / ".watch.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CommandError(f"Another process watches {folder}.") from error
        yield
