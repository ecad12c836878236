"""The fields of request bodies, and the base of all of these.

JSON values must have the right type. The fields of Django REST framework would read 5 as "5", "7" as 7 and 1 as true.
"""

from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from recognizer.models.prediction import MAX_TEXT


class Text(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Digits(serializers.RegexField):
    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[0-9]+(\n[0-9]+)*\Z", trim_whitespace=False, max_length=MAX_TEXT, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesNo(serializers.BooleanField):
    """A boolean; in forms and queries the words true and false."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(data, str):
            data = {"true": True, "false": False}.get(data.lower())
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Key(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class BoundedList(serializers.ListField):
    """A list whose length is checked before its entries, each of which could have an error."""

    max_length: int

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self.max_length:
            message = self.error_messages["max_length"].format(max_length=self.max_length)
            raise serializers.ValidationError(message, code="max_length")
        return super().to_internal_value(data)


class RequestSerializer(serializers.Serializer[Any]):
    """The base of all request bodies."""

    example: ClassVar[Any] = None

    @classmethod
    def validate_body(cls, data: Any) -> dict[str, Any]:
        """Return the validated values. Raises ValidationError for anything else."""
        serializer = cls(data=data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)
