import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mlcore.worker_pool import WorkerPool

PARENT = """
import multiprocessing, os, time
from mlcore.worker_pool import end_with_parent

def work():
    end_with_parent()
    time.sleep(60)

if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work)
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.processes
def test_a_worker_exits_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        while len(child.threads()) < 2:  # it does not watch its parent yet
            assert child.is_running()
        parent.send_signal(signal.SIGKILL)
        psutil.wait_procs([child], timeout=20)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def add_to_shared(shared: int, first: int, second: int = 0) -> int:
    return shared + first + second


def fail(shared: int) -> None:
    raise ValueError("the task failed")


def test_tasks_get_the_shared_value_first() -> None:
    with WorkerPool(100, 1) as workers:
        assert workers.submit(add_to_shared, 1, second=2).result() == 103
        assert list(workers.map(add_to_shared, [1, 2], [10, 20])) == [111, 122]


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="the task failed"), WorkerPool(100, 1) as workers:
        workers.submit(fail).result()
