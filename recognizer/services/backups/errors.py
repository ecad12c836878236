"""The error of backups."""


class BackupError(Exception):
    """A backup that cannot be taken, verified or restored. The message tells the operator why."""
