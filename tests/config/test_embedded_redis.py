"""The Redis of `make run` is found from another terminal, and only while it runs."""

from pathlib import Path

import pytest

from config.embedded_redis import ADDRESS, EmbeddedRedis, running_redis
from tests.servers.redis import RedisServer


def test_it_is_found_while_it_runs_and_is_announced(tmp_path: Path):
    plan = EmbeddedRedis.plan(tmp_path / "redis")
    server = RedisServer(plan)
    with plan.announced():
        assert running_redis(plan.folder) == "", "nobody listens yet"
        server.start()
        assert running_redis(plan.folder) == plan.url
        assert running_redis(tmp_path / "another") == ""
        server.kill()
        assert running_redis(plan.folder) == "", "it was killed, and its address is still there"
    assert not (plan.folder / ADDRESS).exists()


def test_its_password_is_for_nobody_else_to_read(tmp_path: Path):
    plan = EmbeddedRedis.plan(tmp_path)
    with plan.announced():
        assert (tmp_path / ADDRESS).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("left", [b"", b"nonsense", b"redis://127.0.0.1:port/0", b"\xff"])
def test_what_is_no_address_is_passed_over(tmp_path: Path, left: bytes):
    (tmp_path / ADDRESS).write_bytes(left)
    assert running_redis(tmp_path) == ""
