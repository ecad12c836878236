from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.base import UUIDModel


class AccountDeletion(UUIDModel):
    """The deletion of one account, from the request to its proof. It names the owner by number to outlive the user."""

    owner_id = models.PositiveBigIntegerField(unique=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    workers_until = models.DateTimeField(
        null=True, help_text=_("Time until which a cancelled job of the owner may still write files.")
    )
    finished_at = models.DateTimeField(null=True, help_text=_("Time when no row and no file of the owner was left."))

    def __str__(self) -> str:
        return f"account {self.owner_id}"


class DeletedFolder(models.Model):
    """A storage folder of a deleted account, recorded in the transaction that removes the rows of its files.

    A process that outlives the rows can still write into it. The record tells whose files those are.
    """

    name = models.CharField(max_length=100, primary_key=True)
    deletion = models.ForeignKey(AccountDeletion, models.CASCADE, related_name="folders")
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        # The folders that the deletion has not emptied yet.
        indexes = [models.Index(fields=["deletion", "emptied_at"], name="deleted_folder_to_empty")]

    def __str__(self) -> str:
        return self.name
