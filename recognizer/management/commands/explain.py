from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.explaining.album import write_album
from mlcore.explaining.explainer import Explainer
from mlcore.reading.decode import MAX_BYTES, decode
from mlcore.reading.errors import PictureError
from mlcore.reading.result import MODES
from recognizer.management.commands.read import make_reader


class Command(BaseCommand):
    help = "Show what the network saw of a picture: its maps, what speaks for and against, and why, as files."
    requires_system_checks = []  # as `read`, it needs neither a database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", metavar="IMAGE")
        parser.add_argument("--out", metavar="FOLDER", required=True, help="where to write; a folder for each digit")
        parser.add_argument("--mode", choices=MODES, default="auto", help="one digit, one number, or either")
        parser.add_argument("--model", metavar="VERSION", help="a version or a folder; the active one unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        reader = make_reader(options["model"])
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
                why = write_album(folder, picture, glyph, explainer)
            except OSError as error:
                raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error
            self.stdout.write(f"{folder}: {why.sentence()}")
