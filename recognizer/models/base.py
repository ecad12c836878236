import uuid
from typing import Any

from django.db import models


class UUIDModel(models.Model):
    """Model with a random key, which cannot be guessed or counted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class ImmutableRowError(Exception):
    """Error raised by a change of evidence. Predictions, glyphs and corrections are written once."""


class ImmutableModel(UUIDModel):
    """Model whose rows are written once. Only the fields in `mutable_fields` may be saved later, by name."""

    mutable_fields: frozenset[str] = frozenset()

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        update_fields = kwargs.get("update_fields")
        if not self._state.adding and not (update_fields and set(update_fields) <= self.mutable_fields):
            raise ImmutableRowError(f"A {self._meta.verbose_name} never changes.")
        super().save(**kwargs)
