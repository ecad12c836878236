"""What a person may keep. A running total, written with the pictures it counts: asking costs one row, not a sum
over all of them."""

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Sum
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from recognizer.models import Upload, Usage
from recognizer.problems import Problem

# By hand: composing it from a QuerySet took ten times as long as running it, with every picture that is given.
TAKE = """
UPDATE recognizer_usage SET pictures = pictures + %s, bytes = bytes + %s
WHERE user_id = %s AND pictures <= %s AND bytes <= %s
"""


def take_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Book pictures that are about to be written. Call it inside their transaction."""
    wanted = [pictures, size, owner_id, settings.QUOTA_PICTURES - pictures, settings.QUOTA_BYTES - size]
    for _attempt in range(2):
        with connection.cursor() as cursor:
            cursor.execute(TAKE, wanted)
            if cursor.rowcount:
                return
        if Usage.objects.filter(user=owner_id).exists():
            break
        usage(owner_id)
    raise Problem("quota_exceeded", _("Your space is used up. Delete some pictures to make room."))


def free_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Unbook pictures that were removed for good."""
    Usage.objects.filter(user=owner_id).update(
        pictures=Greatest(F("pictures") - pictures, 0), bytes=Greatest(F("bytes") - size, 0)
    )


def usage(owner_id: int) -> Usage:
    """Pictures and bytes, the deleted ones that can still be brought back included; summed once, then kept."""
    kept = Usage.objects.filter(user=owner_id).first()
    return kept or recount(owner_id)


def recount(owner_id: int) -> Usage:
    total = Upload.objects.filter(owner=owner_id).aggregate(pictures=Count("pk"), bytes=Sum("bytes"))
    total["bytes"] = total["bytes"] or 0
    return Usage.objects.update_or_create(user_id=owner_id, defaults=total)[0]
