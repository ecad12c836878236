"""The end of an account: everything in it goes at once, files included."""

from functools import partial

from django.contrib.auth.models import User
from django.db import transaction

from recognizer.models import BatchItem, Upload
from recognizer.services.space.purge import AT_ONCE, delete_files, remove_uploads


def delete_account(user: User) -> None:
    """Nobody can log in as them any more from the first moment on, whatever happens after it."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    while uploads := list(Upload.objects.filter(owner=user)[:AT_ONCE]):
        remove_uploads(uploads)
    staged = list(BatchItem.objects.filter(batch__owner=user).exclude(staged="").values_list("staged", flat=True))
    user.delete()
    transaction.on_commit(partial(delete_files, staged))  # the admin deletes within a transaction
