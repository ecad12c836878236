"""The natural order of file names, as a column: `scan 9.png` comes before `scan 10.png`."""

import re
import unicodedata
from typing import Any

from django.db import models
from django.db.models import Value

MAX_KEY_BYTES = 250


def natural_key(name: str) -> bytes:
    """Return bytes that sort like the name with its numbers by their size, and with the files of a folder together."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("/", "\1")
    # A number follows its length in digits, so that the longer number comes later.
    counted = re.sub("[0-9]+", lambda match: _count_digits(match[0]), folded)
    return counted.encode(errors="replace")[:MAX_KEY_BYTES]


def _count_digits(number: str) -> str:
    digits = number.lstrip("0") or "0"
    return f"{len(digits):03}{digits}"


class NaturalKeyField(models.BinaryField):
    """The sort key of another field, computed whenever the row is inserted.

    Bytes, because each database and locale sorts texts in another way.
    """

    def __init__(self, *, of: str, **options: Any) -> None:
        self.of = of
        super().__init__(default=b"", db_default=Value(b""), editable=False, max_length=MAX_KEY_BYTES, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        for option in ("default", "db_default", "editable", "max_length"):
            options.pop(option, None)
        return name, path, args, options | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes:
        if add:
            setattr(model_instance, self.attname, natural_key(getattr(model_instance, self.of)))
        key: bytes = getattr(model_instance, self.attname)
        return key
