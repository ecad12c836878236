"""The bodies of an account and of its tokens."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from recognizer.bodies.answers import Absolute, DecimalName
from recognizer.bodies.plain import INLINE, About, Body, Moment, choice, url
from recognizer.models import ApiToken, PersonalExport, Usage

TOKEN_ID = "b7a4c9d0-2f3e-4a6b-8c5d-1e0f9a8b7c6d"  # noqa: S105  (an example's key, no secret)

Scope: TypeAlias = Annotated[str, choice(*ApiToken.Scope.values, example="write")]


@dataclass(frozen=True, slots=True)
class TokenBody(Body):
    """An API token, without its secret."""

    id: Annotated[UUID, About(example=TOKEN_ID)]
    url: Annotated[str, url(f"/tokens/{TOKEN_ID}/")]
    name: Annotated[str, About(example="scanner")]
    scope: Scope
    created_at: Moment
    expires_at: Annotated[Moment | None, About(example=None)]
    last_used_at: Annotated[Moment | None, About("To the minute.", example=None)]


@dataclass(frozen=True, slots=True)
class NewTokenBody(Body):
    """An API token that was just made."""

    made: Annotated[TokenBody, INLINE]
    token: Annotated[str, About("The secret. It is shown only once.", example="dgs_…")]


@dataclass(frozen=True, slots=True)
class RoomBody(Body):
    """A number of pictures, and of the bytes of these and of everything made from them."""

    pictures: Annotated[int, About(example=12)]
    bytes: Annotated[int, About(example=345678)]


@dataclass(frozen=True, slots=True)
class PersonBody(Body):
    """The account that sent the request."""

    username: Annotated[str, About(example="alice")]
    email: Annotated[str, About(example="alice@example.org")]
    joined_at: Moment
    scope: Annotated[Scope, About("What these credentials allow.")]
    usage: RoomBody
    quota: RoomBody
    decimal: Annotated[DecimalName, About("The decimal mark that the account has chosen on its page.")]


@dataclass(frozen=True, slots=True)
class PersonalExportBody(Body):
    """The export of the account, which a job writes."""

    url: Annotated[str, url("/me/export/")]
    state: Annotated[str, choice(*PersonalExport.State.values, example="ready")]
    done: Annotated[int, About("Entries that are written.", example=40)]
    total: Annotated[int, About("Entries to write.", example=40)]
    bytes: Annotated[int, About("The size of the file, or of what is written; it counts as stored.", example=345678)]
    created_at: Moment
    finished_at: Moment | None
    expires_at: Annotated[Moment, About("The time when the file is removed.")]
    file_url: Annotated[str | None, url("/me/export/file/", "The ZIP file, once it is ready.")]


def token_body(token: ApiToken, absolute: Absolute) -> TokenBody:
    return TokenBody(
        id=token.pk,
        url=absolute(reverse("api:token", args=[token.pk])),
        name=token.name,
        scope=token.scope,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def person_body(user: User, usage: Usage, token: ApiToken | None, decimal: str | None) -> PersonBody:
    return PersonBody(
        username=user.username,
        email=user.email,
        joined_at=user.date_joined,
        scope=token.scope if token else ApiToken.Scope.WRITE.value,
        usage=RoomBody(usage.pictures, usage.bytes),
        quota=RoomBody(settings.QUOTA_PICTURES, settings.QUOTA_BYTES),
        decimal=decimal,
    )


def export_body(export: PersonalExport, absolute: Absolute) -> PersonalExportBody:
    state = export.state
    return PersonalExportBody(
        url=absolute(reverse("api:export")),
        state=state.value,
        done=export.job.done,
        total=export.job.total,
        bytes=export.bytes,
        created_at=export.created_at,
        finished_at=export.finished_at,
        expires_at=export.expires_at,
        file_url=absolute(reverse("api:export-file")) if state == PersonalExport.State.READY else None,
    )
