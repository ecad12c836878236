"""Notices: messages of the product to a person, shown on its pages and mailed to a verified address."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from recognizer.models import Notice, OutgoingMail
from recognizer.queries.pagination import SortOrder, parse_datetime
from recognizer.services.account_state import require_open_account
from recognizer.services.people.mail import Letter, absolute_url, send_mail_later, verified_address_of
from recognizer.services.space.purge import delete_in_parts
from recognizer.words.notices import TEXTS, show_notice

NEWEST_FIRST = SortOrder("created_at", descending=True, parse=parse_datetime)
COUNTED = 99  # the header shows at most this number
KEPT = timedelta(days=180)
MAIL = "notice"


def tell_person(
    owner_id: int, kind: str, *, values: dict[str, Any] | None = None, link: str = "", by_mail: bool = True
) -> Notice:
    """Save a notice, and queue a mail to the verified address of its owner, if there is one.

    `kind` is a key of `words.notices.TEXTS`, `link` the path of the page that the notice is about. Times in `values`
    have names that end with `_at`. Raise Problem if the account is being deleted.
    """
    if kind not in TEXTS:
        raise KeyError(kind)
    plain = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in (values or {}).items()
    }
    with transaction.atomic():
        require_open_account(owner_id)
        notice = Notice.objects.create(owner_id=owner_id, kind=kind, values=plain, link=link)
        if by_mail and verified_address_of(owner_id):
            send_mail_later(MAIL, user_id=owner_id, context={"notice": str(notice.pk)})
    return notice


def write_notice_mail(mail: OutgoingMail) -> Letter | None:
    """Return the letter with a notice, or None if the notice or the verified address is gone."""
    notice = Notice.objects.filter(pk=mail.context["notice"]).first()
    address = verified_address_of(mail.user_id)
    if notice is None or not address:
        return None
    shown = show_notice(notice, time_format="j M Y, H:i T")
    url = absolute_url(notice.link) if notice.link else settings.SITE_URL
    return Letter(address, {"title": shown.title, "text": shown.text, "url": url})


def unread_count(user: User) -> int:
    """Return the number of unread notices. Counting stops after COUNTED + 1."""
    return Notice.objects.filter(owner=user.pk, read_at=None)[: COUNTED + 1].count()


def mark_read(notices: QuerySet[Notice]) -> None:
    notices.filter(read_at=None).update(read_at=timezone.now())


def purge_notices(seconds: float = float("inf")) -> None:
    """Remove old notices, read or not, in parts until the time is over."""
    delete_in_parts(Notice.objects.filter(created_at__lt=timezone.now() - KEPT), time.monotonic() + seconds)
