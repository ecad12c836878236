"""The error of backups."""


class BackupError(Exception):
    """A backup that cannot be taken, verified or restored. The message tells the operator why."""


class PlaceUnavailable(BackupError):
    """A store of backups that does not answer, so that nothing is known about them."""
