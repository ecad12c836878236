"""Deletion of accounts with everything in them, files included."""

from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from recognizer.models import BatchItem, Upload
from recognizer.services.space.purge import CHUNK_SIZE, delete_files, remove_uploads


def delete_account(user: User) -> None:
    """Delete the account with all rows and files. Logging in is impossible from the start, even if this fails later."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    while uploads := list(Upload.objects.filter(owner=user)[:CHUNK_SIZE]):
        remove_uploads(uploads)
    staged = list(BatchItem.objects.filter(batch__owner=user).exclude(staged="").values_list("staged", flat=True))
    user.delete()
    transaction.on_commit(partial(delete_files, staged))  # the admin deletes within a transaction
