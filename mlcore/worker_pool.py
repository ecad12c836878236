"""Pools of worker processes whose tasks share one large value."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

import cv2

Shared = TypeVar("Shared")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_shared: Any = None  # in a worker process: the shared value of its pool


class WorkerPool(Generic[Shared]):
    """A pool of processes that each get the shared value once, instead of with every task.

    Each task is a module's function that takes the shared value as its first argument. Processes are spawned,
    because TensorFlow's threads do not survive a fork.
    """

    def __init__(self, shared: Shared, processes: int | None = None) -> None:
        """Start up to `processes` workers, by default one for each core."""
        spawn = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(processes, mp_context=spawn, initializer=_start_worker, initargs=(shared,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *details: object) -> None:
        """Wait for the running tasks; after an error, including Ctrl-C, cancel those that have not begun."""
        self._executor.shutdown(cancel_futures=error is not None)

    def submit(
        self,
        task: Callable[Concatenate[Shared, Arguments], Result],
        /,
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Future[Result]:
        return self._executor.submit(_run, task, *args, **kwargs)

    def map(self, task: Callable[..., Result], *arguments: Iterable[Any]) -> Iterator[Result]:
        """Yield the results in the order of the arguments."""
        return self._executor.map(partial(_run, task), *arguments)


def _start_worker(shared: object) -> None:
    global _shared
    _shared = shared
    end_with_parent()
    cv2.setNumThreads(1)  # the processes use all cores already


def _run(task: Callable[..., Result], /, *args: object, **kwargs: object) -> Result:
    return task(_shared, *args, **kwargs)


def end_with_parent() -> None:
    """Leave Ctrl-C to the parent process, and exit as soon as the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
