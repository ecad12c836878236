"""What a person may keep. A running total, written with the pictures it counts: asking costs one row, not a sum
over all of them."""

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Sum
from django.db.models.functions import Greatest

from recognizer.models import Upload, Usage

# By hand: composing it from a QuerySet took ten times as long as running it, with every picture that is given.
TAKE = """
UPDATE recognizer_usage SET pictures = pictures + %s, bytes = bytes + %s
WHERE user_id = %s AND pictures <= %s AND bytes <= %s
"""


def book_space(owner_id: int, *, pictures: int, size: int) -> bool:
    """For pictures that are about to be written, where there is room. Call it inside their transaction."""
    wanted = [pictures, size, owner_id, settings.QUOTA_PICTURES - pictures, settings.QUOTA_BYTES - size]
    for _attempt in range(2):
        with connection.cursor() as cursor:
            cursor.execute(TAKE, wanted)
            if cursor.rowcount:
                return True
        usage(owner_id)  # the first picture finds no row
    return False


def free_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Unbook pictures that were removed for good."""
    Usage.objects.filter(user=owner_id).update(
        pictures=Greatest(F("pictures") - pictures, 0), bytes=Greatest(F("bytes") - size, 0)
    )


def usage(owner_id: int) -> Usage:
    """Pictures and bytes, the deleted ones that can still be brought back included; summed once, then kept."""
    kept = Usage.objects.filter(user=owner_id).first()
    return kept or first_count(owner_id)


def first_count(owner_id: int) -> Usage:
    """Of several at once the first one's row stays: a picture may be booked in it that the others did not see."""
    total = Upload.objects.filter(owner=owner_id).aggregate(pictures=Count("pk"), bytes=Sum("bytes"))
    total["bytes"] = total["bytes"] or 0
    return Usage.objects.get_or_create(user_id=owner_id, defaults=total)[0]
