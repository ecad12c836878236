"""Passwords: a forgotten one is reset by mail, and a new one ends what the old one has opened."""

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from recognizer.models import OutgoingMail
from recognizer.services.limits.attempts import is_mail_allowed
from recognizer.services.people.export_links import revoke_links
from recognizer.services.people.mail import Letter, absolute_url, send_mail_later
from recognizer.services.people.notices import tell_person
from recognizer.services.people.tokens import revoke_tokens
from recognizer.services.security_log import Event, log_event
from recognizer.words.notices import PASSWORD_CHANGED

PASSWORD_RESET = "password_reset"  # noqa: S105


def request_reset(address: str) -> None:
    """Queue the mail with the link that resets a password.

    Known and unknown addresses lead to the same work, so the time of the answer tells nothing. The worker finds the
    account.
    """
    log_event(Event.RESET_REQUESTED, account=None)
    if is_mail_allowed(PASSWORD_RESET, address):
        send_mail_later(PASSWORD_RESET, address=address.lower())


def write_reset(mail: OutgoingMail) -> Letter | None:
    """Return the letter with the link, or None if no open account has verified the address."""
    verified = EmailAddress.objects.filter(email=mail.address, verified=True, user__is_active=True)
    row = verified.select_related("user").first()
    if row is None or not row.user.has_usable_password():
        return None
    uid = urlsafe_base64_encode(force_bytes(row.user.pk))
    log_event(Event.RESET_SENT, account=row.user.pk)
    path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(row.user)])
    return Letter(row.email, {"link": absolute_url(path)})


def save_password(user: User, *, keep_tokens: bool) -> None:
    """Save the password that was set on the user. Revoke the tokens unless they are kept, and tell the user.

    All sessions end, because each holds a hash of the old password. Other fields are not saved, since another request
    may have closed the account. Raise Problem if it is being deleted.
    """
    with transaction.atomic():
        user.save(update_fields=["password"])
        if not keep_tokens:
            revoke_tokens(user)
            revoke_links(user.pk)
        tell_person(user.pk, PASSWORD_CHANGED, link=reverse("password_reset"))
