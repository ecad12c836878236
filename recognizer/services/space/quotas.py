"""The storage quota of an account. Its usage is a running total, so that no request has to add up a million rows.

A transaction that changes a usage locks that row before uploads, jobs and feature maps. Another order could deadlock.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.db.models.functions import Greatest

from recognizer.models import BatchItem, PersonalExport, TableExport, Upload, Usage
from recognizer.services.rows import book_usage, book_usage_of_open_account

MAX_PICTURES = 2**31 - 1 - 1_000  # of the column, with room for what is added
CHUNK_SIZE = 200


def book_space(owner_id: int, *, pictures: int, size: int) -> bool:
    """Book what is about to be saved, if the quota allows it. Call it inside the transaction that saves it."""
    for _attempt in range(2):
        if book_usage(
            owner_id,
            pictures=pictures,
            size=size,
            max_pictures=settings.QUOTA_PICTURES if pictures else MAX_PICTURES,
            max_bytes=settings.QUOTA_BYTES,
        ):
            return True
        usage(owner_id)  # creates the row, which an account without pictures does not have yet
    return False


def book_space_of_open_account(owner_id: int, *, pictures: int, size: int) -> bool:
    """Book as `book_space` does if the account is open and has a usage. False says neither why nor that it failed."""
    return book_usage_of_open_account(
        owner_id,
        pictures=pictures,
        size=size,
        max_pictures=settings.QUOTA_PICTURES if pictures else MAX_PICTURES,
        max_bytes=settings.QUOTA_BYTES,
    )


def free_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Subtract what was removed for good."""
    add_bytes(owner_id, -size, pictures=-pictures)


def add_bytes(owner_id: int, size: int, *, pictures: int = 0) -> None:
    """Count bytes that are stored whatever the quota is, or subtract them if negative.

    An account without a usage is counted as a whole when somebody asks for it.
    """
    Usage.objects.filter(user=owner_id).update(
        pictures=Greatest(F("pictures") + pictures, 0), bytes=Greatest(F("bytes") + size, 0)
    )


def add_derived(owner_id: int, sizes: Mapping[UUID, int]) -> None:
    """Add bytes to uploads and to the usage of their owner for what was made from them; subtract negative ones.

    Call it first in the transaction that stores or removes it.
    """
    add_bytes(owner_id, sum(sizes.values()))
    add_to_uploads(sizes)


def add_to_uploads(sizes: Mapping[UUID, int]) -> None:
    """Add bytes to uploads alone, where the usage of their owner counts them already."""
    items = list(sizes.items())
    for start in range(0, len(items), CHUNK_SIZE):
        chunk = items[start : start + CHUNK_SIZE]
        added = Case(*(When(pk=pk, then=Value(size)) for pk, size in chunk), default=Value(0))
        uploads = Upload.objects.filter(pk__in=[pk for pk, _size in chunk])
        uploads.update(derived_bytes=Greatest(F("derived_bytes") + added, 0))


def has_room(owner_id: int) -> bool:
    """Return whether the quota leaves room for something that is made from a picture."""
    # Without creating a row: the account may have been deleted in the meantime.
    used = Usage.objects.filter(user=owner_id).values_list("bytes", flat=True).first()
    return used is None or used < settings.QUOTA_BYTES


def lock_usage(owner_ids: Iterable[int]) -> None:
    """Lock the usage of accounts for the current transaction."""
    list(Usage.objects.select_for_update().filter(user__in=set(owner_ids)).order_by("user"))


def usage(owner_id: int) -> Usage:
    """Return what an account stores, including deleted pictures that can be restored."""
    return Usage.objects.filter(user=owner_id).first() or create_usage(owner_id)


def create_usage(owner_id: int) -> Usage:
    """Count once what an account stores, and save the result.

    If another transaction has saved it first, its row is used: it may count a picture that is not visible here.
    """
    pictures, size = count_stored(owner_id)
    return Usage.objects.get_or_create(user_id=owner_id, defaults={"pictures": pictures, "bytes": size})[0]


def count_stored(owner_id: int) -> tuple[int, int]:
    """Return the pictures and bytes of an account, added up from its rows."""
    uploads = Upload.objects.filter(owner=owner_id).aggregate(
        pictures=Count("pk"), size=Sum(F("bytes") + F("derived_bytes"), default=0)
    )
    items = BatchItem.objects.filter(batch__owner=owner_id).aggregate(
        pictures=Count("pk", filter=~Q(staged="")), size=Sum("bytes", default=0)
    )
    size = uploads["size"] + items["size"]
    for model in (PersonalExport, TableExport):
        size += model._default_manager.filter(owner=owner_id).aggregate(size=Sum("bytes", default=0))["size"]
    return uploads["pictures"] + items["pictures"], size
