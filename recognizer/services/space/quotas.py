"""The storage quota of an account. A running total is updated with the pictures it counts, so no sum is needed."""

from django.conf import settings
from django.db.models import Count, F, Sum
from django.db.models.functions import Greatest

from recognizer.models import PersonalExport, Upload, Usage
from recognizer.services.rows import book_usage


def book_space(owner_id: int, *, pictures: int, size: int) -> bool:
    """Book pictures that are about to be saved, if the quota allows them. Call it inside their transaction."""
    for _attempt in range(2):
        if book_usage(
            owner_id,
            pictures=pictures,
            size=size,
            max_pictures=settings.QUOTA_PICTURES,
            max_bytes=settings.QUOTA_BYTES,
        ):
            return True
        usage(owner_id)  # creates the row, which an account without pictures does not have yet
    return False


def add_bytes(owner_id: int, size: int) -> None:
    """Count bytes that are stored whatever the quota is: nobody is refused the export of own data."""
    if not Usage.objects.filter(user=owner_id).update(bytes=F("bytes") + size):
        create_usage(owner_id)


def free_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Subtract pictures that were removed for good."""
    Usage.objects.filter(user=owner_id).update(
        pictures=Greatest(F("pictures") - pictures, 0), bytes=Greatest(F("bytes") - size, 0)
    )


def usage(owner_id: int) -> Usage:
    """Return the pictures and bytes of an account, including deleted pictures that can be restored."""
    return Usage.objects.filter(user=owner_id).first() or create_usage(owner_id)


def create_usage(owner_id: int) -> Usage:
    """Count the pictures of an account once and save the result.

    If another transaction has saved it first, its row is used: it may count a picture that is not visible here.
    """
    total = Upload.objects.filter(owner=owner_id).aggregate(pictures=Count("pk"), bytes=Sum("bytes"))
    exported = PersonalExport.objects.filter(owner=owner_id).aggregate(bytes=Sum("bytes", default=0))
    total["bytes"] = (total["bytes"] or 0) + exported["bytes"]
    return Usage.objects.get_or_create(user_id=owner_id, defaults=total)[0]
