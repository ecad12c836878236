from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import SHIPPED, ArtifactError, load_artifact
from mlcore.card_text import model_card
from recognizer.services.registry.model_versions import artifact_for


class Command(BaseCommand):
    help = "Print a model's card as Markdown, as in docs/model-card.md for the shipped model."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "model", nargs="?", metavar="VERSION", help="a version or a folder; the shipped model by default"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            artifact = artifact_for(options["model"]) if options["model"] else load_artifact(SHIPPED)
        except ArtifactError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(model_card(artifact.card), ending="")
