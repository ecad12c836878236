from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from recognizer.management.users import find_user
from recognizer.services.history.training_labels import TrainingLabel, training_labels_of
from recognizer.services.learning.consent import has_training_consent


class Command(BaseCommand):
    help = "Export confirmed and corrected digits as pictures, as training data for `train_model --extra`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="new folder, in which 0/ to 9/ and none/ are created")
        parser.add_argument(
            "--user",
            required=True,
            action="append",
            metavar="NAME",
            help="a user who has allowed training; may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if folder.exists():
            raise CommandError(f"{folder} exists already.", returncode=2)
        users = [find_consenting(name) for name in options["user"]]
        exported: Counter[str] = Counter()
        redrawn = 0
        for sample in (sample for user in users for sample in training_labels_of(user)):
            if sample.glyph is None:
                redrawn += 1
                continue
            label = sample.label or "none"
            write_picture(folder / label, sample, sample.glyph.input)
            exported[label] += 1
        for label in sorted(exported):
            self.stdout.write(f"{label} {exported[label]}")
        self.stderr.write(
            f"Exported {exported.total()} pictures to {folder}; left out {redrawn} with redrawn boxes."
            if exported
            else "There are no confirmed or corrected digits; nothing was exported."
        )


def find_consenting(name: str) -> User:
    """Return the user of this name, who has allowed training."""
    user = find_user(name)
    if not has_training_consent(user.pk):
        raise CommandError(f"{name} has not allowed training on the account page.", returncode=2)
    return user


def write_picture(folder: Path, sample: TrainingLabel, pixels: bytes) -> None:
    """Save the digit as a picture, dark on white as on paper."""
    folder.mkdir(parents=True, exist_ok=True)
    ink = np.frombuffer(pixels, np.uint8).reshape(28, 28)
    Image.fromarray(255 - ink).save(folder / f"{sample.upload_id}-{sample.number}.png")
