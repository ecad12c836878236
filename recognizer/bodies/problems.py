"""The bodies of problems: RFC 9457 problem details, and their short form beside a file that failed."""

from dataclasses import dataclass
from typing import Annotated, Any

from mlcore.reading.errors import PictureError
from recognizer.bodies.plain import About, Body, choice
from recognizer.problems import KINDS, Problem


@dataclass(frozen=True, slots=True)
class ProblemBody(Body):
    """RFC 9457. `code` is stable; `title` and `detail` are words for people."""

    type: Annotated[str, About(example="about:blank")]
    title: Annotated[str, About(example="The image is damaged.")]
    status: Annotated[int, About(example=422)]
    detail: Annotated[str, About(example="The image is damaged.")]
    code: Annotated[str, choice(*sorted(KINDS), example="corrupt_image")]
    errors: Annotated[dict[str, Any] | None, About("By field, where values are not valid.", optional=True)]


@dataclass(frozen=True, slots=True)
class FileErrorBody(Body):
    """The reason why a file has no answer."""

    code: Annotated[str, About(example="corrupt_image")]
    detail: Annotated[str, About(example="The image is damaged.")]


@dataclass(frozen=True, slots=True)
class ErrorLine(Body):
    """The line of a file that has no answer, from the command line and in a batch's JSON Lines."""

    file: Annotated[str, About(example="b.png")]
    error: FileErrorBody


def problem_body(problem: Problem, errors: Any = None) -> ProblemBody:
    return ProblemBody("about:blank", problem.title, problem.status, problem.detail, problem.code, errors)


def file_error_body(code: str) -> FileErrorBody:
    return FileErrorBody(code, KINDS[code].title)


def reading_error_body(error: PictureError | OSError) -> FileErrorBody:
    """Return the reason why the command line could not read a file."""
    if isinstance(error, PictureError):
        return FileErrorBody(error.code, error.detail)
    return FileErrorBody("unreadable_file", f"The file cannot be read: {error.strerror}.")
