"""Tests of the Redis of `make run`: other terminals find it while it runs."""

from pathlib import Path

import pytest

from config.embedded_redis import ADDRESS_FILE, EmbeddedRedis, running_redis
from tests.servers.redis import RedisServer


def test_it_is_found_while_it_runs_and_its_address_is_published(tmp_path: Path):
    plan = EmbeddedRedis.plan(tmp_path / "redis")
    server = RedisServer(plan)
    with plan.publish_address():
        assert running_redis(plan.folder) == "", "it does not run yet"
        server.start()
        assert running_redis(plan.folder) == plan.url
        assert running_redis(tmp_path / "another") == ""
        server.kill()
        assert running_redis(plan.folder) == "", "it was killed, and its address is stale"
    assert not (plan.folder / ADDRESS_FILE).exists()


def test_other_users_cannot_read_its_password(tmp_path: Path):
    plan = EmbeddedRedis.plan(tmp_path)
    with plan.publish_address():
        assert (tmp_path / ADDRESS_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"", b"nonsense", b"redis://127.0.0.1:port/0", b"\xff"])
def test_an_invalid_address_file_is_ignored(tmp_path: Path, content: bytes):
    (tmp_path / ADDRESS_FILE).write_bytes(content)
    assert running_redis(tmp_path) == ""
