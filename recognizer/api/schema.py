"""The OpenAPI descriptions around each operation. The schema itself lies in openapi.json beside this file;
`manage.py spectacular --format openapi-json --file recognizer/api/openapi.json` writes it, and a test keeps it current.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from recognizer.bodies.plain import Body, Json, example_of, schema_of, write
from recognizer.bodies.problems import ProblemBody, problem_body
from recognizer.problems import KINDS, Problem

PROBLEM = "application/problem+json"
Decorator = Callable[[Any], Any]

ALWAYS = (
    "not_authenticated",
    "permission_denied",
    "throttled",
    "bad_request",
    "not_acceptable",
    "internal_error",
    "database_unavailable",
    "storage_unavailable",
)
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
KEPT_PROBLEMS = (
    "quota_exceeded",
    "storage_full",
    "idempotency_key_in_use",
    "idempotency_key_reused",
)

LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=[201, 202])
RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[202, 409, 429, 503, 507], description="Seconds."
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[!-~]{1,255}$"},
    OpenApiParameter.HEADER,
    description="A repeated request with the same key, pictures and parameters gets the first answer again.",
)
CURSOR = OpenApiParameter("cursor", str, description="Taken from the URL in `next` or `previous`.")
PAGE_SIZE = OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})
LIST_PARAMETERS = (CURSOR, PAGE_SIZE)
MODEL = OpenApiParameter("model", str, description="The model version to explain; the one that answered by default.")
LISTED = ("invalid",)  # problems of every list
IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recognizer.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token: `Authorization: Bearer dgs_…`."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "recognizer.api.authentication.LoginAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of a logged-in page; all methods but GET need the header X-CSRFToken.",
        }


class BodyExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """The schemas of all bodies, for drf-spectacular."""

    target_class = Body
    match_subclasses = True

    def get_name(self, auto_schema: Any, direction: Any) -> str:
        return component_name(self.target)

    def map_serializer(self, auto_schema: Any, direction: Any) -> Json:
        return schema_of(self.target, lambda body: auto_schema.resolve_serializer(body, direction).ref)


def component_name(body: type[Body]) -> str:
    return body.__name__.removesuffix("Body")


def operation(
    tag: str,
    name: str,
    summary: str,
    *,
    answers: Mapping[Any, Any],
    problems: Sequence[str] = (),
    request: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    by_token: bool = True,
) -> Decorator:
    """Return the decorator that describes a view's method.

    `answers` maps a status, or a status and a content type, to a body class, a list of one, an OpenApiResponse or
    None. The examples of a JSON request come from the serializer's `example`.
    """
    responses: dict[Any, Any] = {key: answer(value) for key, value in answers.items()}
    if request and not isinstance(request, dict):  # a dict has a form in which a picture travels
        problems = [*problems, "body_too_large"]
    responses |= problem_answers([*ALWAYS, *problems])
    responses[414] = OpenApiResponse(description="The URL is too long; the web server itself answers.")
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=summary + ".",
        tags=[tag],
        request=request,
        parameters=list(parameters),
        responses=responses,
        examples=request_examples(request),
        auth=None if by_token else [{"session": []}],  # type: ignore[list-item]  # the stubs know names only
    )


def request_examples(request: Any) -> list[OpenApiExample]:
    serializer = request.get("application/json") if isinstance(request, dict) else request
    example = getattr(serializer, "example", None)
    media_type = "application/json"
    return [OpenApiExample(f"As {media_type}", example, request_only=True, media_type=media_type)] if example else []


def answer(body: Any, **changes: Any) -> OpenApiResponse:
    """Return the description of a response with this body, whose example has these values changed."""
    if isinstance(body, OpenApiResponse):
        return body
    if body is None:
        return OpenApiResponse(None)
    if isinstance(body, list):
        items = {"$ref": f"#/components/schemas/{component_name(body[0])}"}
        return example_answer({"type": "array", "items": items}, [example_of(body[0])])
    return example_answer(body, example_of(body, **changes))


def example_answer(shape: Any, example: Any) -> OpenApiResponse:
    return OpenApiResponse(shape, examples=[OpenApiExample("Example", example)])


def problem_answers(codes: Sequence[str]) -> dict[tuple[int, str], OpenApiResponse]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        (status, PROBLEM): OpenApiResponse(
            ProblemBody,
            description=" ".join(KINDS[code].title for code in same),
            examples=[OpenApiExample(code, write(problem_body(Problem(code)))) for code in same if code not in ALWAYS],
        )
        for status, same in sorted(by_status.items())
    }


def binary(*content_types: str) -> dict[tuple[int, str], OpenApiResponse]:
    return {(200, content_type): OpenApiResponse(OpenApiTypes.BINARY) for content_type in content_types}
