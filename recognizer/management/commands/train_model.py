import re
import shlex
import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from mlcore.artifact import SHIPPED, Artifact, ArtifactError, load_artifact
from recognizer.management.training import (
    STOPPED,
    add_data_option,
    compare_with_active,
    format_gate,
    require_backend,
    show_stage,
)
from recognizer.models import Job, ModelVersion, Training
from recognizer.problems import Problem
from recognizer.services.explaining.training_digits import embed_training_digits
from recognizer.services.learning.trainings import claim_here
from recognizer.services.registry.model_versions import artifact_for, register_model
from recognizer.services.work.runs import run_job
from recognizer.words.trainings import training_error

if TYPE_CHECKING:
    from mlcore.training.recipes.digit import DigitRecipe

# Fine-tuning needs fewer synthetic digits and a greater share of MNIST.
FINE_TUNING_EPOCHS, FINE_TUNING_SHARE, FINE_TUNING_PER_EPOCH = 8, 0.4, 30_000
FINE_TUNING_RATE = 1 / 3  # of the usual learning rate
QUICK_EPOCHS, QUICK_SHARE = 2, 0.04
QUICK_GATE = (2, 500, 300, 100)  # papers, negatives, numbers, digits of each style
QUICK_CALIBRATION = (1_000, 500, 250, 250)  # digits, negatives, numbers, numbers to fit the reader's weights on


class Command(BaseCommand):
    help = "Train a digit network and register it as a candidate; promote_model activates it."
    requires_system_checks = []  # needs no page, and no database until the candidate is registered

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--architecture", default="digitscribe", help="digitscribe (the default) or classic")
        add_data_option(parser)
        parser.add_argument("--extra", type=Path, metavar="FOLDER", help="your own pictures, in <label>/*")
        parser.add_argument("--epochs", type=int, help="number of epochs, instead of the recipe's")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--start", metavar="VERSION", help="fine-tune this model, with fewer epochs")
        parser.add_argument(
            "--lines", metavar="VERSION", help="model whose line network is copied; the shipped one by default"
        )
        parser.add_argument("--quick", action="store_true", help="train for minutes only, to over 99.2 %% accuracy")
        parser.add_argument(
            "--corrections",
            action="store_true",
            help="train with what people confirmed or corrected and allow, as the page of trainings does; "
            "all other options are ignored",
        )
        parser.add_argument("--dry-run", action="store_true", help="check the data and print the plan")
        parser.add_argument(
            "--output", type=Path, metavar="FOLDER", help="write the artifact to this folder and do not register it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        if options["corrections"]:
            return self.train_with_corrections()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM saves the best weights, as Ctrl-C does
        from mlcore.training.datasets.mnist import DataError
        from mlcore.training.recipes.digit import LinePart, line_part_of, train_digit_network

        runs = Path(settings.TRAINING_ROOT)
        try:
            recipe = build_recipe(options)
            line_source = artifact_for(options["lines"]) if options["lines"] else shipped_artifact()
            lines = line_part_of(line_source) if line_source else LinePart()
        except ArtifactError as error:
            raise CommandError(str(error), returncode=2) from error
        target = options["output"] or next_folder(runs)
        if target.exists():
            raise CommandError(f"{target} exists already.", returncode=2)
        try:
            if options["dry_run"]:
                return self.print_plan(recipe, target)
            command = recorded_command(sys.argv[1:])
            on_stage = partial(show_stage, self.stderr)
            artifact = train_digit_network(recipe, lines, target, runs, command, on_stage)
        except (DataError, ArtifactError) as error:
            raise CommandError(str(error), returncode=2) from error
        except KeyboardInterrupt:
            raise CommandError(STOPPED, returncode=1) from None
        self.print_figures(artifact)
        if not options["output"]:
            version = self.register(artifact)
            self.embed(version, options["data"])
            self.compare(version, options)
        return None

    def train_with_corrections(self) -> None:
        try:
            job = claim_here()
        except Problem as problem:
            raise CommandError(problem.detail, returncode=2) from problem
        run_job(job)
        training = Training.objects.select_related("candidate").get(job=job)
        if training.candidate is None:
            reason = training_error(training.error, training.pictures)
            raise CommandError(f"There is no candidate: {reason or job_error(job)}", returncode=1)
        self.stdout.write(f"{training.candidate.version} is a candidate.")
        passed = (training.candidate.gate or {}).get("passed")
        self.stdout.write("It passed the gate." if passed else "It did not pass the gate; the page of models says why.")

    def compare(self, version: ModelVersion, options: dict[str, Any]) -> None:
        from mlcore.training.datasets.gate_pictures import GateCounts

        counts = GateCounts(*QUICK_GATE) if options["quick"] else GateCounts()
        result = compare_with_active(version, options["data"], counts, self.stderr)
        if result:
            self.stdout.write(format_gate(result))
        self.stdout.write(f"`manage.py promote_model {version.version}` activates it.")

    def embed(self, version: ModelVersion, data: Path | None) -> None:
        try:
            embed_training_digits(version, data)
        except (OSError, Problem) as error:  # the candidate is complete without them
            self.stderr.write(
                f"The training digits were not embedded: {error}. "
                f"Run `manage.py embed_digits --model {version.version}` later."
            )

    def print_plan(self, recipe: "DigitRecipe", target: Path) -> None:
        from mlcore.training.datasets.mnist import load_folder, load_split
        from mlcore.training.networks.digit import build_digit_network

        split = load_split(recipe.data)
        extra = len(load_folder(recipe.extra)) if recipe.extra else 0
        parameters = build_digit_network(recipe.plan.architecture).count_params()
        self.stdout.write(
            f"{recipe.plan.architecture}: {parameters:,} parameters, seed {recipe.plan.seed}\n"
            f"{len(split.train):,} training images, {extra:,} of your own, "
            f"{recipe.synthetic_per_epoch:,} synthetic ones each epoch\n"
            f"{len(split.validation):,} validation images, {len(split.test):,} test images\n"
            f"{recipe.plan.epochs} epochs; the artifact would be {target}\n"
            "Nothing was trained."
        )

    def print_figures(self, artifact: Artifact) -> None:
        test, validation = artifact.card.metrics["test"], artifact.card.metrics["validation"]
        low, high = test["interval"]
        self.stdout.write(
            f"{artifact.version}: {test['accuracy']:.2%} of {test['images']:,} test images "
            f"(95 % interval {low:.2%} to {high:.2%}), validation {validation['both']:.2%}, "
            f"in {artifact.card.training['seconds']} s"
        )
        self.stdout.write(f"artifact: {artifact.folder}")

    def register(self, artifact: Artifact) -> ModelVersion:
        try:
            version = register_model(artifact.folder)
        except (DatabaseError, Problem) as error:
            raise CommandError(f"Trained, but not registered in the database: {error}", returncode=1) from error
        self.stdout.write(f"{version.version} is a candidate.")
        return version


def recorded_command(arguments: list[str]) -> str:
    """Return the command for the card, which others may read: of an absolute path it has only the last part."""
    parts = (argument.rpartition("=") for argument in arguments)
    shown = [f"{name}{sign}{Path(value).name if Path(value).is_absolute() else value}" for name, sign, value in parts]
    return shlex.join(["manage.py", *shown])


def job_error(job: Job) -> str:
    """Return why the job waits or failed."""
    return Job.objects.values_list("error", flat=True).get(pk=job.pk)


def build_recipe(options: dict[str, Any]) -> "DigitRecipe":
    from mlcore.training.evaluation.calibrate import CalibrationCounts
    from mlcore.training.networks.fit import PLANS
    from mlcore.training.recipes.digit import DigitRecipe

    if options["architecture"] not in PLANS:
        raise CommandError(f"There is no architecture {options['architecture']}: {', '.join(PLANS)}.", returncode=2)
    if options["epochs"] is not None and options["epochs"] < 1:
        raise CommandError("--epochs must be at least 1.", returncode=2)
    recipe = DigitRecipe(data=options["data"], extra=options["extra"])
    plan = replace(PLANS[options["architecture"]], seed=options["seed"])
    if options["quick"]:
        plan = replace(plan, epochs=QUICK_EPOCHS)
        synthetic = recipe.synthetic.scaled(QUICK_SHARE)
        calibration = CalibrationCounts(*QUICK_CALIBRATION)
        recipe = replace(
            recipe,
            synthetic=synthetic,
            synthetic_per_epoch=synthetic.total,
            calibration=calibration,
            thorough=False,
        )
    if options["start"]:
        start = artifact_for(options["start"])
        plan = replace(plan, epochs=FINE_TUNING_EPOCHS, rate=plan.rate * FINE_TUNING_RATE)
        synthetic = recipe.synthetic.scaled(FINE_TUNING_SHARE)
        per_epoch = min(recipe.synthetic_per_epoch, FINE_TUNING_PER_EPOCH)
        recipe = replace(recipe, start=start, synthetic=synthetic, synthetic_per_epoch=per_epoch)
    return replace(recipe, plan=replace(plan, epochs=options["epochs"] or plan.epochs))


def shipped_artifact() -> Artifact | None:
    """Return the shipped model, whose line network a new model gets, or None if it cannot be loaded."""
    with suppress(ArtifactError):
        return load_artifact(SHIPPED)
    return None


def next_folder(runs: Path) -> Path:
    """Return the folder of the next version number that neither the database nor `runs` has."""
    names = [path.name for path in [SHIPPED, *runs.glob("digits-*")]]
    with suppress(DatabaseError):  # without a database; registering reports it
        names += ModelVersion.objects.values_list("version", flat=True)
    numbers = [int(match[1]) for name in names if (match := re.fullmatch(r"digits-(\d+)", name))]
    return runs / f"digits-{max(numbers) + 1}"
