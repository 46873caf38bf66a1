"""Errors: classes with a status and a stable code, turned into RFC 9457 problem details in one place."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Self

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatehouse_chassis.http.problem_page import asks_for_html, problem_page

MEDIA_TYPE = "application/problem+json"


class Problem(HTTPException):
    """An answer that is not the one the client wanted.

    `detail` is read by the client, so it never carries the cause of a server's failure: that goes to the log.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(self.status, detail, headers)
        self.errors = errors


class BadRequest(Problem):
    """The request cannot be understood."""

    status, code = 400, "bad_request"


class NotFound(Problem):
    """There is no such thing, or none that the client may know of."""

    status, code = 404, "not_found"


class Conflict(Problem):
    """The state of things forbids it."""

    status, code = 409, "conflict"


class QuotaExceeded(Problem):
    """The client has as much as it may have; it can make room."""

    status, code = 409, "quota_exceeded"


class PreconditionFailed(Problem):
    """`If-Match` named another version than the current one."""

    status, code = 412, "precondition_failed"


class ContentTooLarge(Problem):
    """The body is larger than the service takes."""

    status, code = 413, "content_too_large"


class InvalidInput(Problem):
    """The request is understood, and what it says is wrong; `errors` says where."""

    status, code = 422, "invalid_input"

    @classmethod
    def of_member(cls, pointer: str, reason: str) -> Self:
        """One member of the body is wrong: the one to which the JSON pointer leads (RFC 6901 section 6)."""
        return cls(
            f"The body is not valid: {reason} ({pointer}).",
            errors=[{"in": "body", "pointer": pointer, "detail": reason}],
        )


class TooManyRequests(Problem):
    """The client has to wait; `retry_after` is in seconds (RFC 6585 section 4)."""

    status, code = 429, "too_many_requests"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class ServiceUnavailable(Problem):
    """The service cannot answer now; `retry_after` is in seconds (RFC 9110 section 10.2.3)."""

    status, code = 503, "service_unavailable"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class InvalidParameter(BaseModel):
    """One thing that is wrong with the input."""

    detail: str
    pointer: str = Field(description="JSON pointer (RFC 6901) into the part that `in` names")
    in_: str = Field(alias="in", description="body, query, path, header or cookie")


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = Field(description="stable, for programs")
    request_id: str | None = Field(
        None, description="the X-Request-ID of this answer; the log has it too"
    )
    errors: list[InvalidParameter] | None = None


_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "content_too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
    500: "internal_error",
    503: "service_unavailable",
}
# A body can hold 10 000 mistakes; nobody reads more than these, and the answer stays small.
_MAX_ERRORS = 20

# Python names these two after older RFCs; RFC 9110 renamed them.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def responses(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """A route's OpenAPI `responses` for the problems that it may answer with."""
    return {problem.status: describe(_title(problem.status)) for problem in problems}


def describe(description: str) -> dict[str, Any]:
    """An OpenAPI response whose body is a problem document."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def component_schemas() -> dict[str, Any]:
    """What `describe` refers to, for the OpenAPI document's `components.schemas`."""
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs"), "ProblemDetails": schema}


def problem_response(request: HTTPConnection, problem: HTTPException) -> Response:
    """The one place where an error becomes an answer: a document, or a page for who asks for HTML."""
    status = problem.status_code
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": str(problem.detail),
        "code": getattr(problem, "code", None) or _CODES.get(status, "error"),
    }
    if request_id := request.scope.get("state", {}).get("request_id"):
        body["request_id"] = request_id
    if errors := getattr(problem, "errors", None):
        body["errors"] = list(errors)
    answer: Response
    if _has_pages(request) and asks_for_html(request.headers.get("accept", "")):
        answer = problem_page(request.scope, body)
    else:
        answer = JSONResponse(body, status, media_type=MEDIA_TYPE)
    answer.headers.update({"Vary": "Accept", **(problem.headers or {})})
    return answer


def _has_pages(request: HTTPConnection) -> bool:
    """Whether the application is a service of the domain: the page is the domain's, and of no use elsewhere."""
    app = request.scope.get("app")
    return getattr(getattr(app, "state", None), "problem_pages", False) is True


def failure_response(request: HTTPConnection) -> Response:
    """The answer when the service itself is at fault."""
    return problem_response(
        request, Problem("The service failed; the log has the cause under this request id.")
    )


def _title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    return problem_response(request, _with_sentence(request, error))


def _with_sentence(request: Request, error: HTTPException) -> HTTPException:
    """Starlette's own errors say only the status' name; a person needs a sentence."""
    if isinstance(error, Problem):
        return error
    sentences = {
        404: "Nothing is found at this address.",
        405: f"{request.method} is not allowed here.",
    }
    if error.detail == HTTPStatus(error.status_code).phrase:
        error.detail = sentences.get(error.status_code, error.detail)
    error.detail = f"{error.detail.removesuffix('.')}."
    return error


async def _on_invalid_input(request: Request, error: RequestValidationError) -> Response:
    mistakes = error.errors()
    errors = [_invalid_parameter(item) for item in mistakes[:_MAX_ERRORS]]
    first = errors[0]
    detail = f"The {first['in']} is not valid: {first['detail']} ({first['pointer']})."
    if len(mistakes) > _MAX_ERRORS:
        detail += f" Only the first {_MAX_ERRORS} of {len(mistakes)} mistakes are listed."
    return problem_response(request, InvalidInput(detail, errors=errors))


def _invalid_parameter(item: Mapping[str, Any]) -> dict[str, str]:
    part, *path = item["loc"]
    # A JSON syntax error is located by its offset, which is no JSON pointer.
    tokens = [] if item["type"] == "json_invalid" else [_escape(str(token)) for token in path]
    detail = item["msg"].removeprefix("Value error, ")
    return {"in": str(part), "pointer": "#" + "".join(f"/{t}" for t in tokens), "detail": detail}


def _escape(token: str) -> str:
    printable = token.encode("utf-8", "replace").decode()
    return printable.replace("~", "~0").replace("/", "~1")


async def _on_bug(request: Request, error: Exception) -> Response:
    # The exception itself is logged by gatehouse_chassis.http.middleware, which sees it again after this answer.
    return failure_response(request)


def add_problems(
    app: FastAPI, errors: Mapping[type[Exception], type[Problem]] | None = None
) -> None:
    """Makes every error of `app` answer with problem details (RFC 9457).

    Args:
        errors: the problem for each exception of the domain; the exception's sentence becomes its detail.
    """
    errors = errors or {}

    async def on_domain_error(request: Request, error: Exception) -> Response:
        problem = next(errors[kind] for kind in type(error).__mro__ if kind in errors)
        return problem_response(request, problem(str(error)))

    handlers: dict[Any, Any] = {
        HTTPException: _on_http_exception,
        RequestValidationError: _on_invalid_input,
        Exception: _on_bug,
        **dict.fromkeys(errors, on_domain_error),
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)
