"""The kinds of mails. The application registers them when it starts."""

from recognizer.services.people.mail import MailKind, register

KINDS: tuple[MailKind, ...] = ()


def register_mail_kinds() -> None:
    for kind in KINDS:
        register(kind)
