import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recognizer.management.users import find_user
from recognizer.problems import Problem
from recognizer.services.exports.table_files import read_table
from recognizer.services.history.imported_corrections import COLUMNS, import_corrections


class Command(BaseCommand):
    help = "Correct pictures of a user as an exported table says whose columns `final` or `correction` were edited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "table", type=Path, help="an exported .csv, .xlsx or .jsonl file of a batch or of the history"
        )
        parser.add_argument("--user", required=True, metavar="NAME", help="the owner of the pictures")

    def handle(self, *args: Any, **options: Any) -> None:
        table: Path = options["table"]
        user = find_user(options["user"])
        if not table.is_file():
            raise CommandError(f"{table} is not a file.", returncode=2)
        try:
            outcome = import_corrections(user, read_table(table, COLUMNS))
        except Problem as problem:
            raise CommandError(problem.detail, returncode=2) from problem
        for name, reason in outcome.refused:
            self.stderr.write(f"{name}: {reason}")
        self.stdout.write(
            f"{outcome.corrected} corrected, {outcome.unchanged} unchanged, {len(outcome.refused)} refused"
        )
        sys.exit(1 if outcome.refused else 0)
