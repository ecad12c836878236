from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Sum

from recognizer.models import Upload
from recognizer.problems import Problem


def usage(user: User) -> tuple[int, int]:
    """Pictures and bytes, the deleted ones that can still be brought back included."""
    kept = Upload.objects.filter(owner=user).aggregate(pictures=Count("pk"), bytes=Sum("bytes"))
    return kept["pictures"], kept["bytes"] or 0


def check_quota(user: User, more_bytes: int) -> None:
    pictures, used = usage(user)
    if pictures >= settings.QUOTA_PICTURES or used + more_bytes > settings.QUOTA_BYTES:
        raise Problem("quota_exceeded", "Your space is used up. Delete some pictures to make room.")
