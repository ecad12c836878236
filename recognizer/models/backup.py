from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Backup(models.Model):
    """One backup that was taken and verified, for monitoring. It may have been removed from its place since."""

    finished_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    place = models.CharField(max_length=500, help_text=_("The folder or file, as it was given to the command."))
    snapshot = models.CharField(max_length=60)
    rows = models.PositiveBigIntegerField()
    files = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField(help_text=_("Size of the files that it holds."))
    seconds = models.FloatField()

    def __str__(self) -> str:
        return self.snapshot
