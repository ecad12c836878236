from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.models import ModelVersion, Upload
from recognizer.models.prediction import Decision
from recognizer.problems import Problem
from recognizer.services.reading import rescoring
from recognizer.words.answers import in_one_line


class Command(BaseCommand):
    help = "Read stored uploads with another model version, or list its changes. Earlier predictions are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", help="name of the version, as listed by `manage.py models`")
        parser.add_argument("--user", metavar="NAME", help="only this user's uploads")
        parser.add_argument(
            "--decision", choices=Decision.values, help="only uploads whose current prediction has this decision"
        )
        parser.add_argument(
            "--since",
            type=date.fromisoformat,
            metavar="DATE",
            help="only uploads since this date, for example 2026-01-31",
        )
        parser.add_argument("--changes", action="store_true", help="list the changes without reading anything")

    def handle(self, *args: Any, **options: Any) -> None:
        version = ModelVersion.objects.filter(version=options["version"]).first()
        if not version:
            raise CommandError(f"There is no model {options['version']}.", returncode=2)
        if options["changes"]:
            self.list_changes(version)
            return
        uploads = Upload.objects.all()
        if options["user"]:
            uploads = uploads.filter(owner__username=options["user"])
        if options["decision"]:
            uploads = uploads.filter(predictions__decision=options["decision"], predictions__is_current=True)
        if options["since"]:
            uploads = uploads.filter(created_at__date__gte=options["since"])
        try:
            self.stdout.write(f"{rescoring.rescore(uploads, version)} uploads are read again with {version}.")
        except Problem as problem:
            raise CommandError(problem.detail) from problem

    def list_changes(self, version: ModelVersion) -> None:
        for prediction in rescoring.changed_predictions(version).iterator():
            before = in_one_line(prediction.before_written) or "-"  # type: ignore[attr-defined]
            before += f" {prediction.before_decision}"  # type: ignore[attr-defined]
            after = f"{in_one_line(prediction.written) or '-'} {prediction.decision}"
            self.stdout.write(f"{prediction.upload_id} {before} → {after}  {prediction.upload.name}".rstrip())
