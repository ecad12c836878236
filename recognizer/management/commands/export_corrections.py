from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from recognizer.services.history.lessons import Lesson, lessons_of


class Command(BaseCommand):
    help = "Write the digits that people confirmed or corrected as pictures, for `train_model --extra` to learn from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="a new one: 0/ to 9/ and none/ are made in it")
        parser.add_argument(
            "--user", required=True, action="append", metavar="NAME", help="whose; give it once for each who agreed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if folder.exists():
            raise CommandError(f"{folder} exists already.", returncode=2)
        people = [self.person(name) for name in options["user"]]
        written: Counter[str] = Counter()
        redrawn = 0
        for lesson in (lesson for person in people for lesson in lessons_of(person)):
            if lesson.input is None:
                redrawn += 1
                continue
            label = lesson.label or "none"
            write(folder / label, lesson, lesson.input)
            written[label] += 1
        for label in sorted(written):
            self.stdout.write(f"{label} {written[label]}")
        self.stderr.write(
            f"{written.total()} pictures in {folder}; left out {redrawn} whose boxes were drawn anew."
            if written
            else "Nothing was confirmed or corrected: nothing was written."
        )

    def person(self, name: str) -> User:
        user = User.objects.filter(username=name).first()
        if not user:
            raise CommandError(f"There is no user {name}.", returncode=2)
        return user


def write(folder: Path, lesson: Lesson, pixels: bytes) -> None:
    """Dark on white, as on paper."""
    folder.mkdir(parents=True, exist_ok=True)
    ink = np.frombuffer(pixels, np.uint8).reshape(28, 28)
    Image.fromarray(255 - ink).save(folder / f"{lesson.upload.pk}-{lesson.number}.png")
