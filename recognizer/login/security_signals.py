"""Signal handlers that write the security log's lines about logins, accounts and roles, whichever door caused them."""

from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import m2m_changed, post_save, pre_save
from django.dispatch import receiver

from recognizer.services.security_log import Event, log_event, log_refusal

ROLES = ("is_active", "is_staff", "is_superuser")
WATCHED = ("email", *ROLES)


@receiver(user_logged_in)
def log_login(user: User, **kwargs: Any) -> None:
    log_event(Event.LOGGED_IN, account=user.pk)


@receiver(user_logged_out)
def log_logout(user: User | None, **kwargs: Any) -> None:
    if user:
        log_event(Event.LOGGED_OUT, account=user.pk)


@receiver(user_login_failed)
def log_failed_login(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Log the account that the name belongs to, if there is one. The name itself may be a mistyped password."""
    name = str(credentials.get("username") or "")
    account = User.objects.filter(username=name).values_list("pk", flat=True).first() if name else None
    log_refusal(Event.LOGIN_FAILED, account=account)


@receiver(pre_save, sender=User)
def note_changes(instance: User, update_fields: Any, **kwargs: Any) -> None:
    """Compare an account with its row before it is saved. `log_changes` writes the lines afterwards."""
    # set_password leaves the raw password until the row is saved. A hash that is only renewed at a login has none.
    events: list[tuple[Event, dict[str, object]]] = []
    if not instance._state.adding:
        if instance._password is not None:  # type: ignore[attr-defined]
            events.append((Event.PASSWORD_CHANGED, {}))
        watched = [name for name in WATCHED if update_fields is None or name in update_fields]
        row = User.objects.filter(pk=instance.pk).values(*watched).first() if watched else None
        changed = [name for name in watched if row and row[name] != getattr(instance, name)]
        if "email" in changed:
            events.append((Event.EMAIL_CHANGED, {}))
        roles = {name: getattr(instance, name) for name in changed if name in ROLES}
        if roles:
            events.append((Event.ROLE_CHANGED, roles))
    instance._noted = events  # type: ignore[attr-defined]


@receiver(post_save, sender=User)
def log_changes(instance: User, created: bool, **kwargs: Any) -> None:
    events = instance.__dict__.pop("_noted", [])
    if created:
        roles = {name: True for name in ("is_staff", "is_superuser") if getattr(instance, name)}
        events = [(Event.ACCOUNT_CREATED, roles)]
    for event, details in events:
        log_event(event, account=instance.pk, **details)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(m2m_changed, sender=User.user_permissions.through)
def log_permissions(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **kwargs: Any) -> None:
    if action not in ("post_add", "post_remove", "post_clear"):
        return
    changed = f"{'permissions' if kwargs['sender'] is User.user_permissions.through else 'groups'}"
    how = action.removeprefix("post_")
    for account in (pk_set or ()) if reverse else (instance.pk,):
        keys = [instance.pk] if reverse else sorted(pk_set or ())
        log_event(Event.ROLE_CHANGED, account=account, **{f"{changed}_{how}": keys})
