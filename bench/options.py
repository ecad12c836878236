"""Options that several benchmarks share."""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mlcore.artifact import SHIPPED

DATABASES = ("sqlite", "postgres")


def create_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that prints the description, a module's docstring, with its line breaks."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)


def add_model_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, default=SHIPPED, metavar="FOLDER", help="the shipped model by default")


def add_data_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="PATH", help="MNIST as a folder of IDX files or an .npz")


def run_on_databases(
    module: str,
    description: str | None,
    run: Callable[[argparse.Namespace], None],
    *,
    seconds: float,
    rows: int,
    only: str = "",
) -> None:
    """Parse the options of a load benchmark and call `run` with them: `database`, `seconds`, `rows` and `only`.

    For both databases the module is started once for each, because Django connects a process to one of them. `only` is
    the help of an option that chooses lines of the table, for benchmarks that have it.
    """
    parser = create_parser(description)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=seconds, help="for each line of the table")
    parser.add_argument("--rows", type=int, default=rows)
    if only:
        parser.add_argument("--only", default="", metavar="TEXT", help=only)
    options = parser.parse_args()
    if options.database != "both":
        run(options)
        return
    for database in DATABASES:
        subprocess.run([sys.executable, "-m", module, *sys.argv[1:], "--database", database], check=True)
