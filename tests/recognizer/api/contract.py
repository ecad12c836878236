"""A run of schemathesis against a server, with all checks and all phases.

`EXAMPLES=500 python -m pytest tests/recognizer/api/test_contract.py` is the long run.
By default each operation gets 25 examples.
"""

import subprocess
import sys
from pathlib import Path

from recognizer.api.docs import SCHEMA

# Rules that the schema cannot express: valid pictures, cursors from the list, the right password.
MORE_STATUSES = {
    "create_prediction": ["400", "413", "415", "422"],
    "create_preset": ["400"],
    "change_preset": ["400"],
    "create_batch": ["400", "413", "415", "422"],
    "add_files": ["400", "413", "415", "422"],
    "correct_prediction": ["400"],
    "list_predictions": ["400"],
    "list_batches": ["400"],
    "list_notices": ["400"],
    "list_trainings": ["400"],
    "list_batch_items": ["400"],
    "delete_me": ["400"],
}
ALL_PHASES = "examples,coverage,fuzzing,stateful"
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "429", "5xx"]


def configuration(examples: int, path_parameters: dict[str, str]) -> str:
    """Return the settings of schemathesis. `path_parameters` belong to a prediction that exists."""
    lines = [
        "[generation]",
        f"max-examples = {examples}",
        "allow-x00 = false",
        "",
    ]
    for name, statuses in MORE_STATUSES.items():
        lines += [
            "[[operations]]",
            f'include-operation-id = "{name}"',
            f"checks.positive_data_acceptance.expected-statuses = {[*ACCEPTED, *statuses]}",
            "",
        ]
    values = ", ".join(f'"path.{name}" = {value}' for name, value in path_parameters.items())
    lines += ["[[operations]]", 'include-path-regex = "predictions/.id./.+"', f"parameters = {{ {values} }}", ""]
    return "\n".join(lines)


def check(
    url: str,
    headers: dict[str, str],
    folder: Path,
    *,
    examples: int,
    path_parameters: dict[str, str],
    phases: str = ALL_PHASES,
) -> str:
    """Return the output of schemathesis. Raises AssertionError if it found a failure."""
    settings = folder / "schemathesis.toml"
    settings.write_text(configuration(examples, path_parameters), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(settings), "run", str(SCHEMA), "--url", url),
        *("--checks", "all", "--phases", phases, "--request-timeout", "60"),
        *("--no-color", "--seed", "1"),
    ]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    return done.stdout
