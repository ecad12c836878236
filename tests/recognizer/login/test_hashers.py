"""Tests of the password hasher: what a login costs in production."""

import subprocess
import sys

COSTS = """
from recognizer.login.hashers import Argon2Hasher as hasher
print(hasher.algorithm, hasher.time_cost, hasher.memory_cost, hasher.parallelism)
"""


def test_a_hash_costs_what_owasp_recommends():
    """Asked of another process: the tests' own hashes are cheap."""
    done = subprocess.run([sys.executable, "-c", COSTS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["argon2", "2", str(19 * 1024), "1"]
