"""The texts of notices by their kind, translated and filled when they are shown.

A value whose name ends with `_at` is a time in ISO format, and is shown in the time zone of the reader. A float is a
share, and is shown in percent as the reader's language writes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from recognizer.models import Notice

TIME_FORMAT = "j M Y, H:i"


@dataclass(frozen=True, slots=True)
class NoticeText:
    """The message ids of a kind of notice. `%(name)s` stands for the value with this name."""

    title: str
    text: str
    button: str = _("Open")  # of the link


EXPORT_READY = "export_ready"
EXPORT_FAILED = "export_failed"
PASSWORD_CHANGED = "password_changed"  # noqa: S105
EMAIL_CHANGED = "email_changed"
PROMISE_MADE = "promise_made"
PROMISE_BROKEN = "promise_broken"
PROMISE_WITHDRAWN = "promise_withdrawn"

TEXTS: dict[str, NoticeText] = {
    EXPORT_READY: NoticeText(
        _("Your data export is ready"), _("You can download it until %(expires_at)s."), _("Go to the download")
    ),
    EXPORT_FAILED: NoticeText(
        _("Your data export failed"), _("No file was made. Start the export again."), _("Go to the export")
    ),
    PASSWORD_CHANGED: NoticeText(
        _("Your password was changed"),
        _("Your other sessions were logged out. If it was not you, reset your password now."),
        _("Reset password"),
    ),
    EMAIL_CHANGED: NoticeText(
        _("Your email address was changed"),
        _("If it was not you, change your password now, and tell the administrators of your installation."),
        _("Change password"),
    ),
    PROMISE_MADE: NoticeText(
        _("Your target is now promised"),
        _("%(stream)s: with 95 percent certainty, at most %(wish)s of the answers that are called sure are wrong."),
        _("How good is it?"),
    ),
    PROMISE_BROKEN: NoticeText(
        _("A promise was broken"),
        _(
            "%(stream)s: checked answers were wrong more often than in %(wish)s of the cases. Fewer answers are called"
            " sure from now on. Look at the errors again, and review what was sure since the last right answer."
        ),
        _("How good is it?"),
    ),
    PROMISE_WITHDRAWN: NoticeText(
        _("A promise is not proven any more"),
        _(
            "%(stream)s: a checked answer was changed. With it, the checked answers do not prove that at most %(wish)s"
            " are wrong. Until they do, the stricter limit decides what is sure: the promised one or the model's own."
        ),
        _("How good is it?"),
    ),
}
# The notice of a kind that this release does not have.
OTHER = NoticeText(_("Notice"), _("This notice was written by another release of Digitscribe."))


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice as it is shown: in words, with its row."""

    row: Notice
    title: str
    text: str
    button: str


def show_notice(row: Notice, *, time_format: str = TIME_FORMAT) -> ShownNotice:
    """Return the notice in the language and the time zone of the reader."""
    texts = TEXTS.get(row.kind, OTHER)
    values = {name: _show_value(name, value, time_format) for name, value in row.values.items()}
    title, text = (gettext(message) % _Values(values) for message in (texts.title, texts.text))
    return ShownNotice(row, title, text, gettext(texts.button))


def _show_value(name: str, value: object, time_format: str) -> object:
    if isinstance(value, float):
        return f"{number_format(100 * value, 1)}\N{NO-BREAK SPACE}%"
    if not (name.endswith("_at") and isinstance(value, str)):
        return value
    return date_format(timezone.localtime(datetime.fromisoformat(value)), time_format)


class _Values(dict[str, object]):
    """The values of a notice. A text of a newer release may name one that an older row does not have."""

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(values)

    def __missing__(self, name: str) -> str:
        return "–"
