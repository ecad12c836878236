"""The bodies of notices."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from recognizer.bodies.answers import Absolute
from recognizer.bodies.plain import About, Body, Moment, PageBody
from recognizer.words.notices import ShownNotice


@dataclass(frozen=True, slots=True)
class NoticeBody(Body):
    """One message of the product to the account."""

    id: Annotated[UUID, About(example="3d6f0a1e-7c54-4b0e-9a55-5f0c8f5c1b2a")]
    kind: Annotated[str, About("Stable; `title` and `text` are words for people.", example="export_ready")]
    title: Annotated[str, About(example="Your data export is ready")]
    text: Annotated[str, About(example="You can download it until 27 Nov 2026, 10:00.")]
    page_url: Annotated[
        str | None, About("The page that it is about.", example="https://digits.example.org/account/", format="uri")
    ]
    created_at: Moment
    read_at: Annotated[Moment | None, About(example=None)]


@dataclass(frozen=True, slots=True)
class NoticePageBody(PageBody):
    """A page of notices."""

    results: list[NoticeBody]


def notice_body(notice: ShownNotice, absolute: Absolute) -> NoticeBody:
    row = notice.row
    return NoticeBody(
        id=row.pk,
        kind=row.kind,
        title=notice.title,
        text=notice.text,
        page_url=absolute(row.link) if row.link else None,
        created_at=row.created_at,
        read_at=row.read_at,
    )
