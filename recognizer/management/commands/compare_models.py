from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from recognizer.management.training import add_data_option, compare_with_active, format_gate, require_backend
from recognizer.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Compare a candidate with the active model on validation digits, and one of a training on people's pictures as "
        "well; promote_model asks for it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version")
        add_data_option(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        from mlcore.training.datasets.gate_pictures import GateCounts
        from mlcore.training.datasets.mnist import DataError

        candidate = ModelVersion.objects.filter(version=options["version"]).first()
        if not candidate:
            raise CommandError(f"There is no model {options['version']}; `manage.py models` lists them.", returncode=2)
        try:
            result = compare_with_active(candidate, options["data"], GateCounts(), self.stderr)
        except (ArtifactError, DataError) as error:
            raise CommandError(str(error), returncode=2) from error
        if result is None:
            raise CommandError(f"There is no other active model to compare {candidate} with.", returncode=2)
        self.stdout.write(format_gate(result))
        if not result.passed:
            raise CommandError(f"{candidate} did not pass.", returncode=4)
