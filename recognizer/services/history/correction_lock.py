"""The lock that corrections of an account's pictures take before they read what counts."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import transaction

from recognizer.models import Correction, Prediction
from recognizer.services.account_state import require_open_account
from recognizer.services.space.quotas import lock_usage, usage

Save = TypeVar("Save", bound=Callable[..., Correction])


@contextmanager
def lock_corrections(owner_ids: Collection[int]) -> Iterator[None]:
    """Run the block in a transaction during which nobody else corrects pictures of these accounts.

    A correction builds on the one that counts. If that one were read before the lock, two corrections of different
    digits at the same time would lose one of them.
    """
    with transaction.atomic():
        for owner_id in sorted(owner_ids):
            require_open_account(owner_id)
            usage(owner_id)  # creates the row, which an account without pictures does not have yet
        lock_usage(owner_ids)
        yield


def one_at_a_time(save: Save) -> Save:
    """Let a function that appends a correction of `prediction` run while nobody else corrects its owner's pictures."""

    @wraps(save)
    def save_alone(*, prediction: Prediction, **given: Any) -> Correction:
        with lock_corrections([prediction.owner_id]):
            return save(prediction=prediction, **given)

    return cast(Save, save_alone)
