import importlib.util
import os
import re
import shlex
import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from mlcore.artifact import SHIPPED, Artifact, ArtifactError
from recognizer.models import ModelVersion
from recognizer.services.registry.model_versions import artifact_for, register_model

if TYPE_CHECKING:
    from mlcore.training.recipes.digit import Recipe, Stage

NEEDED = {"tensorflow": "TensorFlow", "torch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
LEG_EPOCHS, LEG_SHARE, LEG_DRAWN = 8, 0.4, 30_000  # of a training that goes on: fewer generated, more of MNIST
QUICK_EPOCHS, QUICK_SHARE = 2, 0.04
QUICK_CALIBRATION = (1_000, 500, 250, 250)  # digits, negatives, numbers, numbers to weigh clues on


class Command(BaseCommand):
    help = "Train a network and register it as a candidate; promote_model makes it read."
    requires_system_checks = []  # no page and no database is needed until the candidate is registered

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--architecture", default="digitscribe", help="digitscribe (the default) or classic")
        parser.add_argument("--data", type=Path, metavar="PATH", help="MNIST as a folder of IDX files or an .npz")
        parser.add_argument("--extra", type=Path, metavar="FOLDER", help="pictures of your own in <label>/*")
        parser.add_argument("--epochs", type=int)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--start", metavar="VERSION", help="go on from this model's weights, for a shorter while")
        parser.add_argument("--quick", action="store_true", help="minutes instead of the best: over 99.2 %%")
        parser.add_argument("--dry-run", action="store_true", help="check the data, say what would be done")
        parser.add_argument("--output", type=Path, metavar="FOLDER", help="leave the artifact there, register nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside keeps the best so far as well
        from mlcore.training.datasets.mnist import DataError
        from mlcore.training.recipes.digit import train

        try:
            recipe = chosen(options)
        except ArtifactError as error:
            raise CommandError(str(error), returncode=2) from error
        target = options["output"] or next_folder(settings.BASE_DIR / "runs")
        if target.exists():
            raise CommandError(f"{target} exists already.", returncode=2)
        try:
            if options["dry_run"]:
                return self.describe(recipe, target)
            command = shlex.join(["manage.py", *sys.argv[1:]])
            artifact = train(recipe, target.name, target, settings.BASE_DIR / "runs", command, self.show)
        except (DataError, ArtifactError) as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. The same command goes on after its last whole epoch.", returncode=1) from None
        self.tell(artifact)
        if not options["output"]:
            self.register(artifact)
        return None

    def describe(self, recipe: "Recipe", target: Path) -> None:
        from mlcore.training.datasets.mnist import load_folder, load_split
        from mlcore.training.networks.digit import build

        split = load_split(recipe.data)
        own = len(load_folder(recipe.extra)) if recipe.extra else 0
        parameters = build(recipe.plan.architecture).count_params()
        self.stdout.write(
            f"{recipe.plan.architecture}: {parameters:,} parameters, seed {recipe.plan.seed}\n"
            f"{len(split.train):,} images to learn from, {own:,} of your own, {recipe.share:,} generated each epoch\n"
            f"{len(split.validation):,} for validation, {len(split.test):,} for the report\n"
            f"{recipe.plan.epochs} epochs; the artifact would be {target}\n"
            "Nothing was trained."
        )

    def tell(self, artifact: Artifact) -> None:
        test, validation = artifact.card.metrics["test"], artifact.card.metrics["validation"]
        low, high = test["interval"]
        self.stdout.write(
            f"{artifact.version}: {test['accuracy']:.2%} of {test['images']:,} test images "
            f"(95 % interval {low:.2%} to {high:.2%}), validation {validation['both']:.2%}, "
            f"in {artifact.card.training['seconds']} s"
        )
        self.stdout.write(f"artifact: {artifact.folder}")

    def register(self, artifact: Artifact) -> None:
        try:
            version = register_model(artifact.folder)
        except DatabaseError as error:
            raise CommandError(f"Trained, but the database did not take it: {error}", returncode=1) from error
        self.stdout.write(
            f"{version.version} is a candidate; `manage.py promote_model {version.version}` makes it read."
        )

    def show(self, stage: "Stage") -> None:
        if not self.stderr.isatty():
            return
        filled = round(30 * stage.done)
        left = f", {stage.seconds_left / 60:.0f} min left" if stage.seconds_left is not None else ""
        bar = f"[{'#' * filled}{'.' * (30 - filled)}]"
        self.stderr.write(f"\r{stage.name} {bar} {stage.done:.0%}{left} {stage.note}\033[K", ending="")
        if stage.done >= 1:
            self.stderr.write("")


def require_backend() -> None:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    missing = [NEEDED[name] for name in ("keras", backend, "onnx") if not importlib.util.find_spec(name)]
    if missing:
        raise CommandError(f"Training needs {' and '.join(missing)}: `make train-deps` installs it.", returncode=2)


def chosen(options: dict[str, Any]) -> "Recipe":
    from mlcore.training.evaluation.calibrate import Counts
    from mlcore.training.networks.fit import PLANS
    from mlcore.training.recipes.digit import Recipe

    if options["architecture"] not in PLANS:
        raise CommandError(f"There is no architecture {options['architecture']}: {', '.join(PLANS)}.", returncode=2)
    if options["epochs"] is not None and options["epochs"] < 1:
        raise CommandError("--epochs must be at least 1.", returncode=2)
    recipe = Recipe(data=options["data"], extra=options["extra"])
    plan = replace(PLANS[options["architecture"]], seed=options["seed"])
    if options["quick"]:
        plan = replace(plan, epochs=QUICK_EPOCHS)
        generated = recipe.generated.scaled(QUICK_SHARE)
        recipe = replace(
            recipe, generated=generated, share=generated.total, calibration=Counts(*QUICK_CALIBRATION), thorough=False
        )
    if options["start"]:
        start = artifact_for(options["start"])
        plan = replace(plan, epochs=LEG_EPOCHS, rate=plan.rate / 3)
        generated = recipe.generated.scaled(LEG_SHARE)
        recipe = replace(recipe, start=start, generated=generated, share=min(recipe.share, LEG_DRAWN))
    return replace(recipe, plan=replace(plan, epochs=options["epochs"] or plan.epochs))


def next_folder(runs: Path) -> Path:
    """The next number that neither the database nor the folder has given away."""
    names = [path.name for path in [SHIPPED, *runs.glob("digits-*")]]
    with suppress(DatabaseError):  # there is none yet: registering will say so
        names += ModelVersion.objects.values_list("version", flat=True)
    numbers = [int(match[1]) for name in names if (match := re.fullmatch(r"digits-(\d+)", name))]
    return runs / f"digits-{max(numbers) + 1}"
