"""Ends of processes: with their parent, with their whole group, or by the next start."""

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import sys
from pathlib import Path

PATIENCE_SECONDS = 10.0  # between SIGTERM and SIGKILL
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(parent: int) -> None:
    """Make Linux send SIGTERM to this process when its parent dies, by whatever signal."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before this call
            os.kill(os.getpid(), signal.SIGTERM)


def kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


async def end_process(process: asyncio.subprocess.Process) -> None:
    """End the process, and kill what is left of its group. A cancellation meanwhile kills it at once."""
    try:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), PATIENCE_SECONDS)
    finally:
        kill_group(process.pid)


def kill_leftovers(pid_folder: Path) -> list[str]:
    """Kill what outlived a supervisor that was itself killed, and return the names.

    A group holds the lock of its pid file while one of its processes lives, so a reused pid is never mistaken for it.
    """
    killed = []
    for path in sorted(pid_folder.glob("*.pid")):
        with path.open() as pid_file, contextlib.suppress(ValueError):
            try:
                fcntl.flock(pid_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                kill_group(int(pid_file.read()))
                killed.append(path.stem)
        path.unlink()
    return killed
