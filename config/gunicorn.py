"""gunicorn's settings, the same for `make run`, the benchmarks and production."""

import ctypes
import os
import subprocess
import sys
from typing import Any

from config.connections import connection_counts
from config.env import ROOT, env, load_dotenv

load_dotenv()

# By default glibc keeps one heap per thread, each as large as the thread's largest picture. One heap for all threads
# keeps the memory of small pictures, since mapping it anew makes a POST 8 % slower, and returns large arrays.
M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1
MB = 1 << 20
if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
    libc.mallopt(M_ARENA_MAX, 1)
    libc.mallopt(M_MMAP_THRESHOLD, 4 * MB)
    libc.mallopt(M_TRIM_THRESHOLD, 16 * MB)

# The server scales by processes. NumPy's threads would wait for each other where cores are busy: a what-if search took
# 6 s instead of 0.4 s on two busy cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

bind = env.str("BIND", default=f"127.0.0.1:{env.int('PORT', default=8000, at_least=1)}")
worker_class = "config.connections.Worker"
workers = env.int("WEB_WORKERS", default=2, at_least=1)
threads = env.int("WEB_THREADS", default=4, at_least=1)
# No preload: HUP would not load new code, and ONNX Runtime's threads do not survive a fork.
preload_app = False
timeout = 60
forwarder_headers = ""  # gunicorn would take the address of a request from headers named SCRIPT_NAME and PATH_INFO
limit_request_line = 8190  # like nginx; the filters of the history make long URLs
graceful_timeout = 30
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True  # its path is the same for all servers of a user
accesslog = None  # nginx writes one
errorlog = "-"


def on_starting(_master: Any) -> None:
    """Refuse to start with a wrong configuration in production. Processes that start later are not refused."""
    if env.bool("PRODUCTION", default=False):
        checked = subprocess.run([sys.executable, "-m", "config.start_check"], cwd=ROOT, check=False)
        if checked.returncode:
            sys.exit(checked.returncode)


def child_exit(_master: Any, worker: Any) -> None:
    """Forget the connections of a process that has ended, even if it was killed."""
    connection_counts.forget(worker.age)
