"""The Redis of `make run`, on a port that stays the same when the server is killed and started again."""

import socket
from pathlib import Path

import redis

from config.embedded_redis import EmbeddedRedis
from tests.servers.process import Server


class RedisServer(Server):
    def __init__(self, plan: EmbeddedRedis) -> None:
        self.url = plan.url
        self.port = plan.port
        super().__init__(plan.command, input=plan.settings, log=plan.folder / "output.log", is_ready=self.answers)

    @classmethod
    def in_folder(cls, folder: Path) -> "RedisServer":
        return cls(EmbeddedRedis.plan(folder))

    def answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)


def nobody_listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
