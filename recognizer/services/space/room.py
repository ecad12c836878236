"""Room for new pictures. What a person deleted is kept for a while, so that it can be brought back, but not at the
price of what they want to keep now: where their space is used up it goes at once, the oldest deletions first."""

from django.conf import settings
from django.utils.translation import gettext as _

from recognizer.models import Upload
from recognizer.problems import Problem
from recognizer.services.space.purge import AT_ONCE, remove_uploads
from recognizer.services.space.quotas import book_space, usage


def take_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Book pictures that are about to be written. Call it inside their transaction: without them nothing goes."""
    while not book_space(owner_id, pictures=pictures, size=size):
        deleted = in_the_way(owner_id, pictures=pictures, size=size)
        if deleted is None:
            raise Problem("quota_exceeded", _("Your storage quota is used up. Delete pictures to free space."))
        for start in range(0, len(deleted), AT_ONCE):
            remove_uploads(deleted[start : start + AT_ONCE])


def in_the_way(owner_id: int, *, pictures: int, size: int) -> list[Upload] | None:
    """As many deleted pictures as have to go, none where others have made room meanwhile; None if even all of them
    would not make room."""
    kept = usage(owner_id)
    pictures += kept.pictures - settings.QUOTA_PICTURES
    size += kept.bytes - settings.QUOTA_BYTES
    deleted = Upload.objects.filter(owner=owner_id, deleted_at__isnull=False).order_by("deleted_at", "id")
    found: list[Upload] = []
    if pictures <= 0 and size <= 0:
        return found
    for upload in deleted.only("owner", "deleted_at", "bytes").iterator():
        found.append(upload)
        pictures -= 1
        size -= upload.bytes
        if pictures <= 0 and size <= 0:
            return found
    return None
