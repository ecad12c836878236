"""The two sides of reviewed pictures: those that trainings learn from, and those that are held back."""

import hashlib
from uuid import UUID

HELD_BACK = 0.3  # share of the pictures


def is_held_back(upload_id: UUID) -> bool:
    """Return whether no training ever learns from the picture."""
    return place_of(upload_id) < HELD_BACK


def place_of(upload_id: UUID) -> float:
    """Return a number from 0 to 1 that depends on the key alone and looks random."""
    return int.from_bytes(hashlib.sha256(upload_id.bytes).digest()[:8]) / 2**64
