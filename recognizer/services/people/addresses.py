"""E-mail addresses of accounts. An address is verified when its owner opens a link that was sent to it.

`User.email` is the address in use. A new address waits beside a verified one until it is verified itself. Only one
account can have an address as a verified one; a constraint of django-allauth's EmailAddress ensures that.
"""

from dataclasses import dataclass

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.urls import reverse

from recognizer.models import OutgoingMail
from recognizer.services.account_state import lock_open_account
from recognizer.services.limits.attempts import is_mail_allowed
from recognizer.services.people.mail import Letter, absolute_url, send_mail_later
from recognizer.services.people.notices import tell_person
from recognizer.services.security_log import Event, log_event
from recognizer.words.notices import EMAIL_CHANGED

VERIFY_ADDRESS = "verify_address"
ADDRESS_CHANGED = "address_changed"


class InvalidLink(Exception):
    """Error raised by a link that has expired, was used, or was made for another account."""


class AddressTaken(Exception):
    """Error raised when another account has verified the address before."""


@dataclass(frozen=True, slots=True)
class AddressState:
    """The address that an account uses, and the new one that waits for its verification."""

    current: str
    is_verified: bool
    new: str = ""

    @property
    def to_verify(self) -> str:
        return self.new or ("" if self.is_verified else self.current)


def address_state(user: User) -> AddressState:
    rows = list(EmailAddress.objects.filter(user=user).order_by("pk").values_list("email", "verified"))
    current = user.email.lower()
    new = [email for email, is_verified in rows if not is_verified and email != current]
    return AddressState(current, (current, True) in rows, new[-1] if new else "")


def set_address(user: User, address: str) -> AddressState:
    """Give the account another address and send the link that verifies it. Return the new state.

    A verified address stays in use until the new one is verified. An empty address removes all.
    """
    address = address.lower()
    with transaction.atomic():
        user.email = lock_open_account(user.pk).email
        before = address_state(user)
        # The row of the same address stays, and with it the link that was sent to it.
        EmailAddress.objects.filter(user=user, verified=False).exclude(email=address).delete()
        if not address:
            EmailAddress.objects.filter(user=user).delete()
        elif address != before.current or not before.is_verified:
            EmailAddress.objects.get_or_create(user=user, email=address)
        if not address or not before.is_verified:
            user.email = address
            user.save(update_fields=["email"])
        if before.is_verified and not address:
            tell_change(user, before.current)
    send_verification(user)
    return address_state(user)


def replace_address(user: User, address: str) -> None:
    """Give the account another address at once, unverified, and tell the old one. For staff, who cannot verify it."""
    with transaction.atomic():
        user.email = lock_open_account(user.pk).email
        before = address_state(user)
        EmailAddress.objects.filter(user=user).delete()
        if before.is_verified:
            tell_change(user, before.current)
    set_address(user, address)


def tell_change(user: User, old: str) -> None:
    """Tell the person that the verified address was replaced or removed: in the product, and by mail to the old one."""
    tell_person(user.pk, EMAIL_CHANGED, link=reverse("password_change"), by_mail=False)
    send_mail_later(ADDRESS_CHANGED, user_id=user.pk, address=old)


def send_verification(user: User) -> bool:
    """Send the link to the address that waits for it. Return False if there is none, or it got too many mails."""
    address = address_state(user).to_verify
    if not address or not is_mail_allowed(VERIFY_ADDRESS, address):
        return False
    with transaction.atomic():
        lock_open_account(user.pk)
        # Addresses from before this software verified any have no row.
        EmailAddress.objects.get_or_create(user=user, email=address)
        send_mail_later(VERIFY_ADDRESS, user_id=user.pk, address=address)
    return True


def write_verification(mail: OutgoingMail) -> Letter | None:
    """Return the letter with the link that verifies the address, if the account still waits for it."""
    row = EmailAddress.objects.filter(user_id=mail.user_id, email=mail.address, verified=False).first()
    if row is None:
        return None
    key = EmailConfirmationHMAC.create(row).key
    return Letter(mail.address, {"link": absolute_url(reverse("account_email_confirm", args=[key]))})


def find_address(user: User, key: str) -> EmailAddress:
    """Return the unverified address that the key of a link names. Raise InvalidLink if it is not the user's."""
    confirmation = EmailConfirmationHMAC.from_key(key)
    if confirmation is None or confirmation.email_address.user_id != user.pk:
        raise InvalidLink
    return confirmation.email_address


def verify_address(user: User, key: str) -> str:
    """Verify the address of a link and use it from now on. Return it. The address before is told and removed."""
    with transaction.atomic():
        lock_open_account(user.pk)
        row = find_address(user, key)
        old = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True).first()
        EmailAddress.objects.filter(user=user).exclude(pk=row.pk).delete()
        row.verified = row.primary = True
        try:
            with transaction.atomic():
                row.save(update_fields=["verified", "primary"])
        except IntegrityError:
            raise AddressTaken from None
        user.email = row.email
        user.save(update_fields=["email"])
        log_event(Event.EMAIL_VERIFIED, account=user.pk)
        if old:
            tell_change(user, old)
    return user.email
