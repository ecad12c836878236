"""The kinds of mails. The application registers them when it starts."""

from datetime import timedelta

from django.conf import settings

from recognizer.services.people import addresses, notices, passwords
from recognizer.services.people.mail import MailKind, register

LINK_LIFETIME = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
KINDS = (
    MailKind(addresses.VERIFY_ADDRESS, addresses.write_verification, lifetime=LINK_LIFETIME),
    MailKind(addresses.ADDRESS_CHANGED),
    MailKind(passwords.PASSWORD_RESET, passwords.write_reset, lifetime=LINK_LIFETIME),
    MailKind(notices.MAIL, notices.write_notice_mail),
)


def register_mail_kinds() -> None:
    for kind in KINDS:
        register(kind)
