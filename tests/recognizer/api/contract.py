"""schemathesis against a server: every check, every phase, stateful.

`EXAMPLES=500 python -m pytest tests/recognizer/api/test_contract.py` is the long run; CI asks 25 of each operation.
"""

import subprocess
import sys
from pathlib import Path

from recognizer.api.docs import SCHEMA

# What the schema cannot say: a picture must be one, a cursor must come from the list, a password must be right.
REFUSES_MORE = {
    "create_prediction": ["400", "413", "415", "422"],
    "create_batch": ["400", "413", "415", "422"],
    "add_files": ["400", "413", "415", "422"],
    "correct_prediction": ["400"],
    "list_predictions": ["400"],
    "list_batches": ["400"],
    "list_batch_items": ["400"],
    "delete_me": ["400"],
}
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"]


def configuration(examples: int, known: dict[str, str]) -> str:
    """`known` gives the operations on a part of a prediction one that exists."""
    lines = [
        "[generation]",
        f"max-examples = {examples}",
        "allow-x00 = false",
        "",
    ]
    for name, statuses in REFUSES_MORE.items():
        lines += [
            "[[operations]]",
            f'include-operation-id = "{name}"',
            f"checks.positive_data_acceptance.expected-statuses = {[*ACCEPTED, *statuses]}",
            "",
        ]
    values = ", ".join(f'"path.{name}" = {value}' for name, value in known.items())
    lines += ["[[operations]]", 'include-path-regex = "predictions/.id./.+"', f"parameters = {{ {values} }}", ""]
    return "\n".join(lines)


def check(url: str, headers: dict[str, str], folder: Path, *, examples: int, known: dict[str, str]) -> str:
    """What schemathesis said; raises if it found anything."""
    settings = folder / "schemathesis.toml"
    settings.write_text(configuration(examples, known), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(settings), "run", str(SCHEMA), "--url", url),
        *("--checks", "all", "--request-timeout", "60"),
        *("--no-color", "--seed", "1"),
    ]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout
