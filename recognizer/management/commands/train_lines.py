import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import ArtifactError
from recognizer.management.commands.train_model import require_backend
from recognizer.services.registry.model_versions import active_artifact, artifact_for

if TYPE_CHECKING:
    from mlcore.training.recipes.line import Stage


class Command(BaseCommand):
    help = "Train the network that reads whole lines, and fit the thresholds; the digit network is kept."
    requires_system_checks = []  # no page and no database is needed

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="of the new artifact")
        parser.add_argument(
            "--base", metavar="VERSION", help="whose digit network is kept; the active one unless given"
        )
        parser.add_argument("--data", type=Path, metavar="PATH", help="MNIST as a folder of IDX files or an .npz")
        parser.add_argument("--lines", type=int, default=80_000, help="lines to render")
        parser.add_argument("--epochs", type=int, default=18)
        parser.add_argument("--seed", type=int, default=1)
        way = parser.add_mutually_exclusive_group()
        way.add_argument("--further", action="store_true", help="go on from the base's line network; give another seed")
        way.add_argument("--keep", action="store_true", help="train nothing: fit the thresholds again")

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        from mlcore.training.datasets.mnist import DataError
        from mlcore.training.recipes.line import LineRecipe, train_lines

        if options["output"].exists():
            raise CommandError(f"{options['output']} exists already.", returncode=2)
        told = ("lines", "epochs", "seed", "data", "keep", "further")
        recipe = LineRecipe(**{name: options[name] for name in told})
        try:
            base = artifact_for(options["base"]) if options["base"] else active_artifact()
            artifact = train_lines(recipe, base, options["output"], settings.BASE_DIR / "runs", self.show)
        except (DataError, ArtifactError) as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The same command goes on after its last whole epoch.", returncode=1) from None
        for name, value in artifact.card.metrics["lines"].items():
            self.stdout.write(f"{name}: {value}")
        for paper, shares in artifact.card.metrics["numbers_by_gap"].items():
            for gap, share in shares.items():
                self.stdout.write(f"on {paper}, digits {gap}: {share:.1%} exactly right")
        self.stdout.write(f"artifact: {artifact.folder}")

    def show(self, stage: "Stage") -> None:
        if self.stderr.isatty():
            self.stderr.write(
                f"\r{stage.name} {stage.done:.0%} {stage.note}\033[K", ending="" if stage.done < 1 else "\n"
            )
