from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from mlcore.explaining.explainer import Explainer
from mlcore.explaining.explanation_files import write_explanation_files
from mlcore.reading.files.decode import MAX_BYTES, decode
from mlcore.reading.files.errors import PictureError
from mlcore.reading.reader import Reader
from mlcore.reading.result import MODES
from recognizer.services.registry.model_versions import active_artifact, artifact_for


class Command(BaseCommand):
    help = "Write files that explain how a picture was read: feature maps, evidence and a sentence for each digit."
    requires_system_checks = []  # like `read`, it needs neither a database nor the web pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", metavar="IMAGE")
        parser.add_argument(
            "--out", metavar="FOLDER", required=True, help="output folder, which gets one folder for each digit"
        )
        parser.add_argument("--mode", choices=MODES, default="auto", help="read one digit, a number, or whichever fits")
        parser.add_argument(
            "--model", metavar="VERSION", help="version or artifact folder (default: the active version)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reader = Reader(artifact_for(options["model"]) if options["model"] else active_artifact())
        except ArtifactError as error:
            raise CommandError(str(error), returncode=2) from error
        try:
            with Path(options["image"]).open("rb") as file:
                picture = decode(file.read(MAX_BYTES + 1))
        except OSError as error:
            raise CommandError(f"{options['image']} cannot be read.", returncode=2) from error
        except PictureError as error:
            raise CommandError(error.detail) from error
        reading = reader.read_picture(picture, options["mode"])
        if not reading.glyphs:
            raise CommandError("No digit was found in the picture.")
        explainer = Explainer(reader.engine)
        for place, glyph in enumerate(reading.glyphs, start=1):
            folder = Path(options["out"]) / f"{place}-{glyph.digit}"
            try:
                explanation = write_explanation_files(folder, picture, glyph, explainer)
            except OSError as error:
                raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error
            self.stdout.write(f"{folder}: {explanation.sentence()}")
