"""Tests of the choice of the Redis program: by its version, the wheel's before those on the PATH."""

import sys
from pathlib import Path

import pytest

from config import redis_program
from config.redis_program import RedisProgram, find_redis


def install(folder: Path, name: str, answer: str) -> Path:
    """Create a program that answers every call with one line."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\nprint({answer!r})\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH, in an installation without the wheel."""
    monkeypatch.setattr(redis_program, "WHEEL", "a_package_that_is_not_installed")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def test_the_wheel_has_no_known_faults():
    program = find_redis()
    assert program.kind == "valkey"
    assert program.warning == ""


@pytest.mark.parametrize(
    ("kind", "version", "has_faults"),
    [
        ("redis", (6, 2, 14), True),
        ("redis", (6, 2, 20), False),
        ("redis", (7, 0, 15), True),
        ("redis", (7, 2, 10), True),
        ("redis", (7, 4, 6), False),
        ("redis", (8, 2, 1), True),
        ("redis", (8, 4, 0), False),
        ("valkey", (7, 2, 11), False),
        ("valkey", (8, 0, 5), True),
        ("valkey", (9, 0, 0), False),
    ],
)
def test_versions_with_known_faults_are_recognised(kind, version, has_faults):
    assert RedisProgram("/bin/redis-server", kind, version).has_known_faults is has_faults


def test_a_program_with_faults_is_used_with_a_warning_where_there_is_no_other(path: Path):
    install(path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    program = find_redis()
    assert program.version == (7, 0, 15)
    assert "redis-server is version 7.0.15, which has known security faults" in program.warning
    install(path, "valkey-server", "Valkey server v=8.1.4 sha=00000000:0 malloc=libc bits=64")
    assert find_redis().warning == ""


def test_a_program_that_is_too_old_is_refused(path: Path):
    install(path, "redis-server", "Redis server v=5.0.14 sha=00000000:0 malloc=libc bits=64")
    with pytest.raises(FileNotFoundError, match=r"is version 5\.0\.14; 6\.2 or later is needed"):
        find_redis()


def test_another_program_of_that_name_is_ignored(path: Path):
    install(path, "redis-server", "hello")
    with pytest.raises(FileNotFoundError, match="Redis was not found"):
        find_redis()
