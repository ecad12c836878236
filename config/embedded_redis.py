"""The Redis that `make run` and the tests start: where it listens, who may use it, and its journal."""

import contextlib
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from config.redis_program import RedisProgram, find_redis
from mlcore.atomic_files import open_atomic

ADDRESS_FILE = "address"  # holds the URL with its password
SOCKET = "redis.sock"
LOG = "redis.log"

USER = "digitscribe"
# What Celery, the throttles and the pages use. Scripts, administration and all else are refused.
COMMANDS = (
    *("ping", "client|setinfo", "client|setname", "select", "multi", "exec", "discard", "watch", "unwatch"),
    *("get", "set", "del", "exists", "incrby", "pexpire", "pttl", "lpush", "rpush", "rpop", "brpop", "llen"),
    *("sadd", "smembers", "srem", "zadd", "zrem", "zrange", "hset", "hget", "hdel", "publish"),
)

JOURNALS = ("appendonlydir", "appendonly.aof")  # of Redis 7 and Valkey; of Redis 6.2
DAMAGED_JOURNAL = "damaged-journal"
# What the log says if the server does not start because of its journal, which begins with an RDB file.
DAMAGE = re.compile(
    r"RDB reading|reading the append only file|AOF manifest|Unable to obtain the AOF file", re.IGNORECASE
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def can_hold_socket(folder: Path) -> bool:
    """Return False where the path is too long for a Unix socket, or where the file system has none."""
    path = folder / f".{SOCKET}"
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError:
        return False
    path.unlink()
    return True


def running_redis(folder: Path) -> str:
    """Return the published URL if a server listens there, else "". A killed supervisor leaves a stale one."""
    with contextlib.suppress(OSError, ValueError):
        url = (folder / ADDRESS_FILE).read_text(encoding="ascii")
        address = urlsplit(url)
        if address.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(unquote(address.path))
                return url
        with socket.create_connection(("127.0.0.1", address.port or 0), timeout=1):
            return url
    return ""


@dataclass(frozen=True)
class EmbeddedRedis:
    """A server in a private folder, which holds its socket and its journal. Without a socket it has a local port."""

    program: RedisProgram
    folder: Path
    port: int | None
    password: str

    @classmethod
    def plan(cls, folder: Path) -> "EmbeddedRedis":
        program = find_redis()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        folder = folder.resolve()
        port = None if can_hold_socket(folder) else free_port()
        return cls(program, folder, port, secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        if self.port is None:
            return f"unix://{USER}:{self.password}@{quote(str(self.folder / SOCKET))}"
        return f"redis://{USER}:{self.password}@127.0.0.1:{self.port}/0"

    @contextlib.contextmanager
    def publish_address(self) -> Iterator[None]:
        """Publish the URL to commands in other terminals. The password changes with every start."""
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
            self.program.path,
            "-",
        ]  # settings come from stdin, so that `ps` does not show the password

    @property
    def settings(self) -> bytes:
        socket_lines = (f'unixsocket "{self.folder / SOCKET}"', "unixsocketperm 700") if self.port is None else ()
        lines = (
            "bind 127.0.0.1",
            f"port {self.port or 0}",  # 0: none
            *socket_lines,
            "user default off",
            f"user {USER} on >{self.password} ~* &* -@all {' '.join(f'+{command}' for command in COMMANDS)}",
            f'dir "{self.folder}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",  # an evicted key would be a lost message
            "maxmemory 256mb",
            "loglevel warning",
            f"logfile {LOG}",
        )
        return "\n".join(lines).encode() + b"\n"


class JournalGuard:
    """The check of the journal of a server that does not start. The journal holds hints: jobs are in the database."""

    def __init__(self, redis: EmbeddedRedis) -> None:
        self.redis = redis
        self.log = redis.folder / LOG
        self.log_read_to = self._log_size()

    def set_aside_if_damaged(self) -> str:
        """Move a damaged journal aside, so that the next start begins with an empty one. Return what was done."""
        start, self.log_read_to = self.log_read_to, self._log_size()
        with contextlib.suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(start)
            if DAMAGE.search(log.read().decode(errors="replace")):
                return self._set_aside()
        return ""

    def _set_aside(self) -> str:
        aside = self.redis.folder / DAMAGED_JOURNAL
        shutil.rmtree(aside, ignore_errors=True)  # of an earlier time
        aside.mkdir()
        for name in JOURNALS:
            with contextlib.suppress(FileNotFoundError):
                (self.redis.folder / name).rename(aside / name)
        return (
            f"The journal was damaged and is now in {aside}. Redis starts with an empty one; jobs are in the database."
        )

    def _log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0
