"""Tests of the Redis of `make run`: who reaches it, what they may do, and what happens to a damaged journal."""

from dataclasses import replace
from pathlib import Path

import pytest
import redis
from kombu import Connection

from config.addresses import broker_url
from config.embedded_redis import ADDRESS_FILE, DAMAGED_JOURNAL, EmbeddedRedis, JournalGuard, running_redis
from tests.servers.ports import reserve_port
from tests.servers.process import NotReadyError
from tests.servers.redis import RedisServer

LISTENING = pytest.mark.parametrize("listens_on", ["socket", "port"])


def plan(folder: Path, listens_on: str = "socket") -> EmbeddedRedis:
    planned = EmbeddedRedis.plan(folder)
    return planned if listens_on == "socket" else replace(planned, port=reserve_port())


def product_client(redis_plan: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(redis_plan.url, socket_timeout=5)


@LISTENING
def test_it_is_found_while_it_runs_and_its_address_is_published(tmp_path: Path, listens_on: str):
    planned = plan(tmp_path / "redis", listens_on)
    server = RedisServer(planned)
    with planned.publish_address():
        assert running_redis(planned.folder) == "", "it does not run yet"
        server.start()
        assert running_redis(planned.folder) == planned.url
        assert running_redis(tmp_path / "another") == ""
        server.kill()
        assert running_redis(planned.folder) == "", "it was killed, and its address is stale"
    assert not (planned.folder / ADDRESS_FILE).exists()


def test_other_users_reach_neither_its_password_nor_its_socket(tmp_path: Path):
    folder = tmp_path / "redis"
    folder.mkdir(mode=0o755)
    planned = plan(folder)
    assert planned.port is None
    with planned.publish_address():
        assert (folder / ADDRESS_FILE).stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0


def test_a_folder_whose_path_is_too_long_for_a_socket_gets_a_port(tmp_path: Path):
    planned = plan(tmp_path / ("deep" * 25) / "redis")
    assert planned.port is not None
    assert planned.url.startswith("redis://")


def test_a_folder_with_spaces_and_percent_signs_is_reached(tmp_path: Path):
    planned = plan(tmp_path / "a b%20c")
    server = RedisServer(planned)
    server.start()
    with planned.publish_address():
        assert running_redis(planned.folder) == planned.url
    assert product_client(planned).ping()
    with Connection(broker_url(planned.url + "?db=1")) as connection:
        connection.SimpleQueue("words").put("hello")
    assert redis.Redis.from_url(planned.url + "?db=1").llen("words") == 1
    server.kill()


@pytest.mark.parametrize("content", [b"", b"nonsense", b"redis://127.0.0.1:port/0", b"unix://x@/nowhere", b"\xff"])
def test_an_invalid_address_file_is_ignored(tmp_path: Path, content: bytes):
    (tmp_path / ADDRESS_FILE).write_bytes(content)
    assert running_redis(tmp_path) == ""


FORBIDDEN = (
    "EVAL return 0", "SCRIPT FLUSH", "EVALSHA 0 0", "FUNCTION LIST", "FCALL x 0", "CONFIG GET *",
    "FLUSHALL", "SHUTDOWN", "KEYS *", "SCAN 0", "MONITOR", "ACL LIST", "MODULE LIST", "CLIENT LIST",
    "SAVE", "BGREWRITEAOF", "REPLICAOF no one", "RESTORE a 0 x", "SUBSCRIBE x", "INFO",
)  # fmt: skip


@LISTENING
def test_the_product_may_use_neither_scripts_nor_administration(tmp_path: Path, listens_on: str):
    planned = plan(tmp_path, listens_on)
    server = RedisServer(planned)
    server.start()
    client = product_client(planned)
    assert client.set("key", "value")
    for command in FORBIDDEN:
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command.split())
    server.kill()


def test_nobody_gets_in_without_a_password(tmp_path: Path):
    planned = plan(tmp_path)
    server = RedisServer(planned)
    server.start()
    path = str(planned.folder / "redis.sock")
    for credentials in ({}, {"password": planned.password}, {"username": "digitscribe", "password": "wrong"}):
        with pytest.raises((redis.AuthenticationError, redis.ResponseError)):
            redis.Redis(unix_socket_path=path, **credentials).ping()
    server.kill()


def flip_a_byte_of_the_journal(folder: Path) -> None:
    (journal,) = folder.glob("appendonlydir/*.incr.aof")
    content = journal.read_bytes().replace(b"$3\r\nSET", b"$3\r\nS\xffT", 1).replace(b"*3\r\n", b"*\xff\r\n", 1)
    journal.write_bytes(content)


def empty_the_manifest(folder: Path) -> None:
    (manifest,) = folder.glob("appendonlydir/*.manifest")
    manifest.write_bytes(b"\0" * 200)


def remove_the_base(folder: Path) -> None:
    (base,) = folder.glob("appendonlydir/*.base.*")
    base.unlink()


def damage_the_base(folder: Path) -> None:
    (base,) = folder.glob("appendonlydir/*.base.*")
    base.write_bytes(base.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip_a_byte_of_the_journal, empty_the_manifest, remove_the_base, damage_the_base])
def test_a_damaged_journal_is_set_aside(tmp_path: Path, damage):
    planned = plan(tmp_path)
    guard = JournalGuard(planned)
    server = RedisServer(planned)
    server.start()
    product_client(planned).set("key", "value")
    server.stop()
    assert guard.set_aside_if_damaged() == "", "the journal is whole"
    damage(tmp_path)
    with pytest.raises(NotReadyError):
        server.start()

    assert str(tmp_path / DAMAGED_JOURNAL) in guard.set_aside_if_damaged()
    server.start()
    assert product_client(planned).get("key") is None
    assert [path.name for path in (tmp_path / DAMAGED_JOURNAL).iterdir()] == ["appendonlydir"]
    server.kill()
    assert guard.set_aside_if_damaged() == "", "the new journal is whole"
