from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from recognizer.models import ModelVersion
from recognizer.services.registry.model_versions import promote_model


class Command(BaseCommand):
    help = "Activate a registered model version. Promote the previous version to roll back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version")

    def handle(self, *args: Any, **options: Any) -> None:
        version = ModelVersion.objects.filter(version=options["version"]).first()
        if not version:
            raise CommandError(f"There is no model {options['version']}; `manage.py models` lists them.", returncode=2)
        try:
            promote_model(version)
        except ArtifactError as error:
            raise CommandError(f"The model was not activated: {error}", returncode=3) from error
        self.stdout.write(f"{version.version} is active.")
