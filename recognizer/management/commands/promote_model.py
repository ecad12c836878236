from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from recognizer.models import ModelVersion
from recognizer.problems import Problem
from recognizer.services.registry.promotion import promote_model


class Command(BaseCommand):
    help = (
        "Activate a registered model version. Promote the previous version to roll back. A candidate must have passed "
        "the comparison with the active model (compare_models)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version")
        parser.add_argument(
            "--force", default="", metavar="REASON", help="activate it whatever the comparison says; the reason is kept"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        version = ModelVersion.objects.filter(version=options["version"]).first()
        if not version:
            raise CommandError(f"There is no model {options['version']}; `manage.py models` lists them.", returncode=2)
        try:
            promote_model(version, reason=options["force"])
        except Problem as problem:
            raise CommandError(
                f"The model was not activated: {problem.detail} `manage.py compare_models {version.version}` compares "
                "them; --force REASON activates it all the same.",
                returncode=4,
            ) from problem
        except ArtifactError as error:
            raise CommandError(f"The model was not activated: {error}", returncode=3) from error
        self.stdout.write(f"{version.version} is active.")
