from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError, load_artifact
from recognizer.management.training import require_backend


class Command(BaseCommand):
    help = "Choose the best of several trainings of one recipe by validation; its card gets the figures of all seeds."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("artifacts", nargs="+", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--output", type=Path, required=True, metavar="FOLDER", help="folder to write the new artifact to"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        from mlcore.training.recipes.choose import choose_artifact, mean_and_spread

        try:
            chosen = choose_artifact([load_artifact(folder) for folder in options["artifacts"]], options["output"])
        except ArtifactError as error:
            raise CommandError(str(error), returncode=2) from error
        seeds = chosen.card.training["seeds"]
        for name in ("validation", "test", "read", "on_paper"):
            if all(name in figures for figures in seeds.values()):
                mean, spread = mean_and_spread(seeds, name)
                self.stdout.write(f"{name}: {mean:.3%} ± {spread:.3%} over {len(seeds)} seeds")
        self.stdout.write(f"Seed {chosen.card.training['seed']} is best on validation: {chosen.folder}")
