import uuid
from typing import Any

from django.db import models


class UUIDModel(models.Model):
    """Keys that cannot be guessed or counted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class ImmutableRowError(Exception):
    """Evidence is written once: predictions, glyphs and corrections never change."""


class ImmutableModel(UUIDModel):
    """A row that is written once; the fields named in `mutable_fields` may be saved by name."""

    mutable_fields: frozenset[str] = frozenset()

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        update_fields = kwargs.get("update_fields")
        if not self._state.adding and not (update_fields and set(update_fields) <= self.mutable_fields):
            raise ImmutableRowError(f"A {self._meta.verbose_name} never changes.")
        super().save(**kwargs)
