import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from recognizer.models import ModelVersion


class Command(BaseCommand):
    help = "List the model versions, newest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object per line")

    def handle(self, *args: Any, **options: Any) -> None:
        for version in ModelVersion.objects.order_by("-created_at"):
            if options["json"]:
                row = {"version": version.version, "state": version.state, "digest": version.digest}
                self.stdout.write(json.dumps(row))
            else:
                self.stdout.write(
                    f"{version.version:20} {version.state:10} {version.digest[:12]} {version.created_at:%Y-%m-%d %H:%M}"
                )
