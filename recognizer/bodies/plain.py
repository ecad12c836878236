"""The machinery of bodies. From a dataclass it derives plain JSON values, an OpenAPI schema and an example."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache, reduce
from types import NoneType
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints
from uuid import UUID

Json: TypeAlias = dict[str, Any]
Reference: TypeAlias = Callable[[type["Body"]], Json]

NO_EXAMPLE: Any = object()
TYPES: Mapping[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number", "format": "double"},
    datetime: {"type": "string", "format": "date-time"},
    UUID: {"type": "string", "format": "uuid"},
    dict: {"type": "object", "additionalProperties": {}},
}
SCALARS = frozenset({str, int, bool, NoneType})


class Body:
    """The base of all bodies."""


class About:
    """The part of a field's definition that its type cannot hold; keywords beyond these are OpenAPI's own."""

    def __init__(
        self,
        help: str = "",
        *,
        example: Any = NO_EXAMPLE,
        decimals: int | None = None,
        optional: bool = False,
        **schema: Any,
    ) -> None:
        self.help = help
        self.example = example
        self.decimals = decimals  # floats are rounded to so many
        self.optional = optional  # left out of the JSON while it is None
        self.schema = schema

    def amended_by(self, outer: "About") -> "About":
        """Return this with what an annotation around it says as well."""
        return About(
            outer.help or self.help,
            example=self.example if outer.example is NO_EXAMPLE else outer.example,
            decimals=self.decimals if outer.decimals is None else outer.decimals,
            optional=self.optional or outer.optional,
            **{**self.schema, **outer.schema},
        )


INLINE = About()  # marks a body whose fields are written among those of the body that holds it
BASE = "https://digits.example.org/api/v1"


def url(path: str, help: str = "") -> About:
    return About(help, example=f"{BASE}{path}", format="uri")


def choice(*values: str, help: str = "", example: Any = NO_EXAMPLE) -> About:
    return About(help, example=values[0] if example is NO_EXAMPLE else example, enum=list(values))


Moment: TypeAlias = Annotated[datetime, About(example="2026-11-20T10:00:00.123456Z")]
CURSOR = "WzAsIjIwMjYtMTEtMjBUMTA6MDA6MDArMDA6MDAiXQ=="


@dataclass(frozen=True, slots=True)
class PageBody(Body):
    """The base of the pages of lists. Each adds its `results`."""

    next: Annotated[str | None, url(f"/predictions/?cursor={CURSOR}", "The next page, if there is one.")]
    previous: Annotated[str | None, About("The previous page, if there is one.", example=None, format="uri")]


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a body, its annotation taken apart."""

    name: str
    type: Any
    is_nullable: bool
    about: About

    @property
    def is_inline(self) -> bool:
        return self.about is INLINE


def members_of(body: type[Body]) -> tuple[Member, ...]:
    """Return the fields of a body's class."""
    return _members_of(body)  # type: ignore[arg-type]  # mypy takes type[Body] for unhashable


@cache
def _members_of(body: type[Any]) -> tuple[Member, ...]:
    hints = get_type_hints(body, include_extras=True)
    return tuple(_member(field.name, hints[field.name]) for field in fields(body))


def _member(name: str, hint: Any) -> Member:
    abouts: list[About] = []
    is_nullable = False
    while get_origin(hint) is Annotated or NoneType in get_args(hint):
        if get_origin(hint) is Annotated:
            hint, *added = get_args(hint)
            abouts = [*added, *abouts]
        else:
            (hint,) = (part for part in get_args(hint) if part is not NoneType)
            is_nullable = True
    return Member(name, hint, is_nullable, reduce(About.amended_by, abouts) if abouts else About())


def names_of(body: type[Body]) -> list[str]:
    """Return the names under which the body's fields are written, in order."""
    return [
        name for member in members_of(body) for name in (names_of(member.type) if member.is_inline else [member.name])
    ]


def write(body: Body, *, decimals: int | None = None) -> Json:
    """Return the body as JSON values; `decimals`, if given, rounds every float in place of its own precision."""
    written: Json = {}
    for member in members_of(type(body)):
        value, about = getattr(body, member.name), member.about
        if about is INLINE:
            written.update(write(value, decimals=decimals))
        elif value is not None or not about.optional:
            written[member.name] = _plain(value, about.decimals if decimals is None else decimals)
    return written


def write_row(body: Body, *, decimals: int | None = None) -> Json:
    """Return the body as cells of a table."""
    return as_cells(write(body, decimals=decimals))


def as_cells(row: Json) -> Json:
    """Return JSON values as cells of a table, where None is an empty cell and a list is one text."""
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """Return the value as one cell: the items of a list are separated by commas, the values of each by spaces."""
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, _flatten(item))) for item in value)
    return "" if value is None else value


def _flatten(value: Any) -> Iterator[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield value
    else:
        for each in inner:
            yield from _flatten(each)


def _plain(value: Any, decimals: int | None) -> Any:
    if type(value) in SCALARS:
        return value
    if isinstance(value, float):
        return value if decimals is None else round(value, decimals)
    if isinstance(value, list):
        if value and type(value[0]) is float and decimals is not None:  # probabilities: lists hold values of one type
            return [round(one, decimals) for one in value]
        return [_plain(one, decimals) for one in value]
    if isinstance(value, Body):
        return write(value, decimals=decimals)
    if isinstance(value, datetime):
        return format_datetime(value)
    return str(value) if isinstance(value, UUID) else value


def format_datetime(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def schema_of(body: type[Body], refer: Reference) -> Json:
    """Return the body's OpenAPI 3.1 schema; `refer` returns the reference to another body's schema."""
    properties: Json = {}
    required: list[str] = []
    for member in members_of(body):
        if member.is_inline:
            inner = schema_of(member.type, refer)
            properties |= inner["properties"]
            required += inner["required"]
            continue
        properties[member.name] = _member_schema(member, refer)
        if not member.about.optional:
            required.append(member.name)
    described = {} if (body.__doc__ or "").startswith(f"{body.__name__}(") else {"description": body.__doc__}
    return {"type": "object", **described, "properties": properties, "required": sorted(required)}


def _member_schema(member: Member, refer: Reference) -> Json:
    schema = {**_type_schema(member.type, refer), **member.about.schema}
    if member.is_nullable and not member.about.optional:
        if "$ref" in schema:
            schema = {"oneOf": [schema, {"type": "null"}]}
        else:
            schema["type"] = [schema["type"], "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
    return {**schema, "description": member.about.help} if member.about.help else schema


def _type_schema(hint: Any, refer: Reference) -> Json:
    if get_origin(hint) is list:
        return {"type": "array", "items": _type_schema(get_args(hint)[0], refer)}
    if isinstance(hint, type) and issubclass(hint, Body):
        return refer(hint)
    return TYPES[get_origin(hint) or hint]


def example_of(body: type[Body], **changes: Any) -> Json:
    """Return the body's example as JSON values, some of them changed."""
    example: Json = {}
    for member in members_of(body):
        if member.is_inline:
            example |= example_of(member.type)
        elif not member.about.optional:
            example[member.name] = _example(member)
    return {**example, **changes}


def _example(member: Member) -> Any:
    if member.about.example is not NO_EXAMPLE:
        return member.about.example
    if get_origin(member.type) is list:
        return [example_of(get_args(member.type)[0])]
    if issubclass(member.type, Body):
        return example_of(member.type)
    raise TypeError(f"{member.name} has no example.")
