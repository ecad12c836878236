from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.management.training import add_data_option
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.explaining.training_digits import EMBEDDED_DIGITS, embed_training_digits


class Command(BaseCommand):
    help = "Embed training digits with a model, so that the page “Like what” finds those that made it answer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", metavar="VERSION", help="a registered version; the active one by default")
        parser.add_argument("--digits", type=int, default=EMBEDDED_DIGITS, help="how many; 20,000 by default")
        add_data_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from mlcore.training.datasets.mnist import DataError

        if options["digits"] < 1:
            raise CommandError("--digits must be at least 1.", returncode=2)
        version = find_version(options["model"])
        try:
            count = embed_training_digits(version, options["data"], options["digits"])
        except (DataError, Problem) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{count:,} training digits are embedded with {version.version}.")


def find_version(name: str | None) -> ModelVersion:
    if name:
        version = ModelVersion.objects.filter(version=name).first()
    else:
        version = ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE).first()
    if version is None:
        trouble = f"There is no model {name}; `manage.py models` lists them." if name else "No model is active."
        raise CommandError(trouble, returncode=2)
    return version
