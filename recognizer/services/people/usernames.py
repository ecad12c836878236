"""User names that may be taken: each once in any case, in one script, and unlike the names of staff.

Names from before these rules stay valid for a login.
"""

import re
import unicodedata

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

# Scripts that are written together.
JAPANESE = {"CJK", "HIRAGANA", "KATAKANA"}
KOREAN = {"CJK", "HANGUL"}

# Small letters and digits that look like a Latin letter. The package confusable_homoglyphs knows all of Unicode, and
# would cost every process 18 MB and 0.14 s.
LOOKALIKES = str.maketrans(
    "асԁеһіјӏոорԛѕтхԝуғкмвнԍѵ" + "αβϲεηικνορτυχωγ" + "0153iı",
    "acdehljlnopqstxwyfkmbhgv" + "abcenlkvoptuxwy" + "olsell",
)
SEPARATORS = re.compile(r"[\s._+@-]")


def normalise(name: str) -> str:
    return unicodedata.normalize("NFKC", name)


def check_username(name: str, *, excluded_id: int | None = None) -> None:
    """Raise ValidationError unless an account may take the name. `excluded_id` is the account that has it already."""
    name = normalise(name)
    if is_mixed(name):
        raise ValidationError(_("Use letters of one alphabet."), code="mixed_scripts")
    others = User.objects.exclude(pk=excluded_id) if excluded_id else User.objects.all()
    if same_names(others, name).exists():
        raise ValidationError(User._meta.get_field("username").error_messages["unique"], code="unique")
    staff = others.filter(Q(is_staff=True) | Q(is_superuser=True)).values_list("username", flat=True)
    if shape_of(name) in map(shape_of, staff):
        raise ValidationError(_("This name looks like the name of an administrator. Choose another."), code="lookalike")


def same_names(users: QuerySet[User], name: str) -> QuerySet[User]:
    """Return the users whose names differ from this one in nothing but case."""
    same = Q(username__iexact=name)
    if not name.isascii():
        # SQLite, and PostgreSQL with the locale C, fold the case of ASCII letters only.
        letters = "".join(f"[{re.escape(letter.lower() + letter.upper())}]" for letter in name)
        same |= Q(username__regex=f"^{letters}$")
    return users.filter(same)


def lock_username(name: str) -> None:
    """Let only one transaction at a time take the name. SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name.casefold()])


def is_mixed(name: str) -> bool:
    """Return whether the letters and digits of a name come from different alphabets."""
    scripts = {script for script in map(script_of, name) if script}
    return len(scripts) > 1 and not scripts <= JAPANESE and not scripts <= KOREAN


def script_of(character: str) -> str:
    """Return the first word of the character's Unicode name, which is its script, or nothing for one of no script."""
    is_plain = character.isascii() and not character.isalpha()
    if is_plain or unicodedata.category(character) == "Mn":
        return ""
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0]


def shape_of(name: str) -> str:
    """Return the same text for names that look alike: without case, accents, separators and other alphabets."""
    plain = unicodedata.normalize("NFKD", normalise(name).casefold())
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return SEPARATORS.sub("", letters).translate(LOOKALIKES).replace("rn", "m").replace("vv", "w")
