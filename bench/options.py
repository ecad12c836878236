"""Options that several benchmarks share."""

import argparse
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


def add_load_options(parser: argparse.ArgumentParser, *, seconds: float, rows: int) -> None:
    """Add the options of benchmarks that put a filled database under load."""
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--seconds", type=float, default=seconds, help="for each line of the table")
    parser.add_argument("--rows", type=int, default=rows)


def chosen_databases(database: str) -> tuple[str, ...]:
    return DATABASES if database == "both" else (database,)
