"""Reservation of storage for new pictures.

Deleted uploads can be restored for a while. If the owner's quota is used up they are purged early, the oldest
deletions first, to make room for new pictures.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from recognizer.models import Upload
from recognizer.problems import Problem
from recognizer.services.account_state import require_open_account
from recognizer.services.space.purge import CHUNK_SIZE, remove_uploads
from recognizer.services.space.quotas import book_space, book_space_of_open_account, has_room, usage


def reserve_space(owner_id: int, *, pictures: int, size: int) -> None:
    """Reserve storage for pictures, or for something else that a person adds.

    Call it first in the transaction that writes it, so that a rollback purges nothing.

    Raise Problem if the quota is used up, or if the account is being deleted.
    """
    if book_space_of_open_account(owner_id, pictures=pictures, size=size):
        return  # one statement, which is all that most pictures need
    require_open_account(owner_id)
    while not book_space(owner_id, pictures=pictures, size=size):
        deleted = uploads_to_purge(owner_id, pictures=pictures, size=size)
        if deleted is None:
            raise quota_exceeded()
        for start in range(0, len(deleted), CHUNK_SIZE):
            remove_uploads(deleted[start : start + CHUNK_SIZE])


def require_room(owner_id: int) -> None:
    """Raise Problem if the quota is used up, before something is made whose size is not known yet."""
    if not has_room(owner_id):
        raise quota_exceeded()


def quota_exceeded() -> Problem:
    return Problem("quota_exceeded", _("Your storage quota is used up. Delete pictures to free space."))


def uploads_to_purge(owner_id: int, *, pictures: int, size: int) -> list[Upload] | None:
    """Return the deleted uploads to purge, or None if even all of them would not make room.

    The list is empty if another request has made room in the meantime.
    """
    current = usage(owner_id)
    pictures = pictures and pictures + current.pictures - settings.QUOTA_PICTURES  # what exceeds the quota
    size += current.bytes - settings.QUOTA_BYTES
    deleted = Upload.objects.filter(owner=owner_id, deleted_at__isnull=False).order_by("deleted_at", "id")
    selected: list[Upload] = []
    if pictures <= 0 and size <= 0:
        return selected
    for upload in deleted.only("owner", "deleted_at", "bytes", "derived_bytes").iterator():
        selected.append(upload)
        pictures -= 1
        size -= upload.stored_bytes
        if pictures <= 0 and size <= 0:
            return selected
    return None
