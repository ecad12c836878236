"""JSON taken at its word: DRF's own fields would read 5 as "5", "7" as 7 and 1 as true."""

from typing import Any
from uuid import UUID

from rest_framework import serializers


class Text(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Digits(serializers.RegexField):
    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[0-9]{1,100}\Z", trim_whitespace=False, **options)

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
    """In forms and queries the words true and false."""

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
