import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mlcore.artifact import Artifact, ArtifactError, save_artifact
from recognizer.management.training import add_data_option, require_backend
from recognizer.services.registry.model_versions import active_artifact, artifact_for


class Command(BaseCommand):
    help = "Measure a model: accuracy, errors, calibration, robustness and latency; draw a report."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "model", nargs="?", metavar="VERSION", help="a version or a folder; the active model by default"
        )
        add_data_option(parser)
        parser.add_argument("--quick", action="store_true", help="leave out the robustness table and whole pictures")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        parser.add_argument("--report", type=Path, metavar="FOLDER", help="folder for the report")
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FOLDER",
            help="write a copy of the model with these figures to this folder",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_backend()
        from mlcore.reading.engine import Engine
        from mlcore.training.datasets.mnist import DataError, load_split
        from mlcore.training.evaluation.evaluate import evaluate_artifact
        from mlcore.training.evaluation.report import draw_report

        try:
            artifact = artifact_for(options["model"]) if options["model"] else active_artifact()
            test = load_split(options["data"]).test
        except (ArtifactError, DataError) as error:
            raise CommandError(str(error), returncode=2) from error
        figures = evaluate_artifact(artifact, test, thorough=not options["quick"])
        folder = options["report"] or Path(settings.TRAINING_ROOT) / f"report-{artifact.version}"
        draw_report(Engine(artifact), artifact.card.temperature, artifact.card.training, test, folder)
        (folder / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
        self.stdout.write(json.dumps(figures) if options["json"] else format_figures(artifact, figures))
        self.stderr.write(f"Report: {folder}")
        if options["output"]:
            save_with_figures(artifact, figures, options["output"])


def save_with_figures(artifact: Artifact, figures: Mapping[str, Any], folder: Path) -> None:
    """Save the same model with new figures; the reader may have changed since it was trained."""
    card = replace(artifact.card, metrics={**artifact.card.metrics, **figures})
    try:
        save_artifact(folder, card, {name: artifact.read_bytes(name) for name in card.files})
    except ArtifactError as error:
        raise CommandError(str(error), returncode=2) from error


def format_figures(artifact: Artifact, figures: Mapping[str, Any]) -> str:
    test = figures["test"]
    low, high = test["interval"]
    lines = [
        f"{artifact.version}: {test['accuracy']:.2%} right (95 % interval {low:.2%} to {high:.2%}), "
        f"{test['errors']} errors in {test['images']:,} images",
        "errors by digit: " + ", ".join(f"{digit}: {count}" for digit, count in test["errors_by_digit"].items()),
        f"calibration error (ECE): {test['ece']:.4f}",
        f"classified as no digit: {test['called_not_a_digit']:.2%}",
        "latency: {one:.2f} ms for one, {of_256:.2f} ms each in batches of 256".format(**figures["latency_ms"]),
    ]
    if "read_as_png" in figures:
        read = figures["read_as_png"]
        lines.append(
            f"read as PNG files: {read['accuracy']:.2%} right, {read['sure']:.2%} sure, "
            f"{read['sure_but_wrong']:.2%} sure but wrong"
        )
        lines += [f"  {name:32} {share:7.2%}" for name, share in figures["robustness"].items()]
        lines.append("pictures without a digit, rejected and read as sure:")
        lines += [
            f"  {kind:32} {shares['rejected']:7.2%} {shares['sure']:7.2%}"
            for kind, shares in figures["refusals"].items()
        ]
    for sheet, shares in figures.get("numbers_by_gap", {}).items():
        lines.append(f"numbers on {sheet}, exactly right, by the gap between their digits:")
        lines += [f"  {gap:32} {share:7.2%}" for gap, share in shares.items()]
    return "\n".join(lines)
