"""The verification of an uploaded artifact in a child process, which a hostile file may exhaust or crash."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mlcore.artifact import Artifact, load_artifact
from mlcore.limited_process import ENVIRONMENT
from mlcore.untrusted.archive import UntrustedError

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # on a busy machine; the child limits its own processor time


def verify_archive(data: bytes, folder: Path) -> Artifact:
    """Unpack a ZIP file with an artifact into the folder and return it, or raise UntrustedError with the reason."""
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "mlcore.untrusted.check", str(folder), str(os.getpid())],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=ENVIRONMENT,
            timeout=SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise UntrustedError("The model needs too much memory or time.") from error
    if "error" in answer:
        raise UntrustedError(answer["error"])
    return load_artifact(folder)
