"""The choice of answers to audit: at random, by a seed that nobody knows beforehand and everybody can check later."""

import hashlib


def draw_number(seed: str, key: str) -> float:
    """Return a number from 0 to 1 that nobody can choose: the SHA-256 of the seed and the answer's key."""
    return int.from_bytes(hashlib.sha256(f"{seed} {key}".encode()).digest()[:8]) / 2**64


def is_chosen(seed: str, key: str, share: float) -> bool:
    """Return whether an answer is audited. Who knows the seed can check every choice."""
    return draw_number(seed, key) < share
