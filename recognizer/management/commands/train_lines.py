import signal
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from recognizer.management.training import STOPPED, add_data_option, require_backend, show_stage
from recognizer.services.registry.model_versions import active_artifact, artifact_for


class Command(BaseCommand):
    help = "Train the network that reads whole lines and fit the thresholds; the digit network is kept."
    requires_system_checks = []  # needs no page and no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--output", type=Path, required=True, metavar="FOLDER", help="folder to write the new artifact to"
        )
        parser.add_argument(
            "--base", metavar="VERSION", help="model whose digit network is kept; the active one by default"
        )
        add_data_option(parser)
        parser.add_argument("--lines", type=int, default=80_000, help="number of lines to render")
        parser.add_argument("--epochs", type=int, default=18)
        parser.add_argument("--seed", type=int, default=1)
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--further", action="store_true", help="fine-tune the base's line network; give another seed")
        mode.add_argument("--keep", action="store_true", help="train nothing and only fit the thresholds again")

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from mlcore.training.datasets.mnist import DataError
        from mlcore.training.recipes.line import LineRecipe, train_line_network

        target, runs = options["output"], Path(settings.TRAINING_ROOT)
        if target.exists():
            raise CommandError(f"{target} exists already.", returncode=2)
        recipe = LineRecipe(**{name: options[name] for name in ("lines", "epochs", "seed", "data", "keep", "further")})
        try:
            base = artifact_for(options["base"]) if options["base"] else active_artifact()
            artifact = train_line_network(recipe, base, target, runs, partial(show_stage, self.stderr))
        except (DataError, ArtifactError) as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError(STOPPED, returncode=1) from None
        for name, value in artifact.card.metrics["lines"].items():
            self.stdout.write(f"{name}: {value}")
        for sheet, shares in artifact.card.metrics["numbers_by_gap"].items():
            for gap, share in shares.items():
                self.stdout.write(f"on {sheet}, digits {gap}: {share:.1%} exactly right")
        self.stdout.write(f"artifact: {artifact.folder}")
