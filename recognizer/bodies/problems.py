"""The bodies of problems: RFC 9457 problem details, and their short form beside a file that failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from mlcore.reading.files.errors import PictureError
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


MAX_DETAIL = 1_000  # characters; a detail may repeat what was sent
MAX_ERRORS, MAX_ERROR = 20, 300


def problem_body(problem: Problem, errors: Any = None) -> ProblemBody:
    """Return the body of a problem. It is small, however large the request was."""
    detail, shown = problem.detail[:MAX_DETAIL], errors and first_errors(errors, [MAX_ERRORS])
    return ProblemBody("about:blank", problem.title, problem.status, detail, problem.code, shown)


def first_errors(errors: Any, left: list[int]) -> Any:
    """Return the errors, in lists and by field, while some are left of the number in `left`."""
    if isinstance(errors, Mapping):
        return {str(name)[:MAX_ERROR]: first_errors(inner, left) for name, inner in errors.items() if left[0]}
    if isinstance(errors, Sequence) and not isinstance(errors, str):
        return [first_errors(inner, left) for inner in errors if left[0]]
    left[0] -= 1
    return str(errors)[:MAX_ERROR]


def file_error_body(code: str) -> FileErrorBody:
    return FileErrorBody(code, KINDS[code].title)


def reading_error_body(error: PictureError | OSError) -> FileErrorBody:
    """Return the reason why the command line could not read a file."""
    if isinstance(error, PictureError):
        return FileErrorBody(error.code, error.detail)
    return FileErrorBody("unreadable_file", f"The file cannot be read: {error.strerror}.")
