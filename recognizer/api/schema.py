"""The words of the OpenAPI schema around each operation. The schema itself lies in openapi.json beside this file;
`manage.py spectacular --format openapi-json --file recognizer/api/openapi.json` writes it, and a test keeps it current.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from recognizer.api.shapes import ProblemSerializer
from recognizer.problems import KINDS

PROBLEM = "application/problem+json"
Answer = tuple[Any, Any]  # shape and example
Decorator = Callable[[Any], Any]

ALWAYS = ("not_authenticated", "permission_denied", "throttled", "bad_request", "not_acceptable", "internal_error")
FOUND = ("not_found",)
PICTURE_PROBLEMS = (
    "missing_file",
    "empty_file",
    "invalid",
    "file_too_large",
    "too_many_pixels",
    "unsupported_format",
    "unsupported_media_type",
    "corrupt_image",
    "model_unavailable",
)
KEPT_PROBLEMS = ("quota_exceeded", "storage_full", "idempotency_key_in_use", "idempotency_key_reused")

LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201, 202])
RETRY_AFTER = OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, response=[202, 429], description="Seconds.")
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description="Sent again with the same pictures and parameters, it gets the first answer and makes nothing new.",
)
CURSOR = OpenApiParameter("cursor", str, description="From `next` or `previous`; not to be made by hand.")
PAGE_SIZE = OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
MODEL = OpenApiParameter("model", str, description="Another version's view of it.")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recognizer.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token: `Authorization: Bearer dgs_…`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "As a page has it, with the header X-CSRFToken on everything but GET.",
        }


def operation(
    tag: str,
    name: str,
    summary: str,
    *,
    answers: Mapping[Any, Answer],
    problems: Sequence[str] = (),
    request: Any = None,
    sent: Sequence[tuple[str, Any]] = (),
    parameters: Sequence[OpenApiParameter] = (),
    by_token: bool = True,
) -> Decorator:
    """`answers`: by status, or by status and content type. `sent`: content types and examples of the body."""
    responses: dict[Any, Any] = {key: answer(*value) for key, value in answers.items()}
    responses |= problem_answers([*ALWAYS, *problems])
    responses[414] = OpenApiResponse(description="The address is too long; the web server itself says so.")
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=summary + ".",
        tags=[tag],
        request=request,
        parameters=list(parameters),
        responses=responses,
        examples=[OpenApiExample(f"As {kind}", value, request_only=True, media_type=kind) for kind, value in sent],
        auth=None if by_token else [{"session": []}],  # type: ignore[list-item]  # the stubs know names only
    )


def answer(shape: Any, example: Any) -> OpenApiResponse:
    examples = [] if example is None else [OpenApiExample("Example", example)]
    return OpenApiResponse(shape, examples=examples)


def problem_answers(codes: Sequence[str]) -> dict[tuple[int, str], OpenApiResponse]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        (status, PROBLEM): OpenApiResponse(
            ProblemSerializer,
            description=" ".join(KINDS[code].title for code in same),
            examples=[OpenApiExample(code, problem_example(code)) for code in same if code not in ALWAYS],
        )
        for status, same in sorted(by_status.items())
    }


def problem_example(code: str) -> dict[str, Any]:
    kind = KINDS[code]
    return {"type": "about:blank", "title": kind.title, "status": kind.status, "detail": kind.title, "code": code}


def binary(*content_types: str) -> dict[tuple[int, str], Answer]:
    return {(200, content_type): (OpenApiTypes.BINARY, None) for content_type in content_types}
