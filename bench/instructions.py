"""Instructions that the processor executes for one reading, which do not depend on what else the machine does.

python -m bench.instructions [--against FOLDER]

Needs valgrind. `--against` is a clone of another commit, which is counted as well; then the ratio is printed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.options import create_parser

PICTURES, READINGS = 20, 40
PROGRAM = """
import sys
sys.path.insert(0, "")
from mlcore.artifact import SHIPPED, load_artifact
from mlcore.reading.reader import Reader
from tests.pictures import varied_pngs
pictures = list(varied_pngs({pictures}))
reader = Reader(load_artifact(SHIPPED))
for picture in pictures:
    reader.read(picture)
for number in range({readings}):
    reader.read(pictures[number % len(pictures)])
"""


def count_instructions(folder: Path, readings: int) -> int:
    program = PROGRAM.format(pictures=PICTURES, readings=readings)
    with tempfile.TemporaryDirectory() as output:
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}/out"]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        done = subprocess.run(
            [*valgrind, sys.executable, "-c", program],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if not found:
        raise SystemExit(done.stderr[-2000:])
    return int(found[1])


def count_for_one_reading(folder: Path) -> float:
    return (count_instructions(folder, READINGS) - count_instructions(folder, 0)) / READINGS


def main() -> None:
    parser = create_parser(__doc__)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a clone of another commit")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        raise SystemExit("valgrind is not installed.")
    here = count_for_one_reading(Path.cwd())
    print(f"a 400×400 PNG, read: {here / 1e6:.2f} million instructions")
    if options.against:
        there = count_for_one_reading(options.against)
        print(f"{options.against}: {there / 1e6:.2f} million instructions; here {here / there:.2f} of that")


if __name__ == "__main__":
    main()
