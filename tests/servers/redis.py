"""The Redis of `make run`, at an address that stays the same when the server is killed and started again.

Beside the product's user it has one for the tests, who may do everything.
"""

import secrets
import socket
from pathlib import Path
from urllib.parse import urlsplit

import redis

from config.embedded_redis import EmbeddedRedis
from tests.servers.process import Server


class RedisServer(Server):
    def __init__(self, plan: EmbeddedRedis) -> None:
        self.url = plan.url
        self.port = plan.port
        self.password = secrets.token_urlsafe(16)
        tests_user = f"user tests on >{self.password} ~* &* +@all\n".encode()
        super().__init__(
            plan.command, input=plan.settings + tests_user, log=plan.folder / "output.log", is_ready=self.answers
        )

    @classmethod
    def in_folder(cls, folder: Path) -> "RedisServer":
        return cls(EmbeddedRedis.plan(folder))

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        """Return a client of the tests' user."""
        credentials = urlsplit(self.url).netloc.rpartition("@")[0]
        url = self.url.replace(credentials, f"tests:{self.password}")
        return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

    def refused_commands(self) -> list[str]:
        """Return the commands that the product's user was refused."""
        self.thaw()
        return [str(entry["object"]) for entry in self.client().acl_log() if entry["reason"] == "command"]


def nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
