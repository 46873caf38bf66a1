"""The parameters of an OAuth request, read as strictly as RFC 6749 asks.

FastAPI's `Form` takes the last of two parameters with one name, and answers 422 where RFC 6749 wants `invalid_request`.
So the form is read by Starlette (`request.form()`, which is python-multipart) and checked here.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Request

from auth_service.oauth.requests import InvalidRequest

MEDIA_TYPE = "application/x-www-form-urlencoded"

_MAX_BYTES = 8192
_MAX_FIELDS = 32


def described_form(needed: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """`openapi_extra` of an endpoint that reads its form itself.

    Args:
        needed: the one parameter that is always there.
        properties: the parameters beside those with which a client names itself, as JSON schemas.
    """
    schema = {
        "type": "object",
        "required": [needed],
        "properties": {
            **properties,
            "client_id": {"type": "string"},
            "client_secret": {"type": "string", "format": "password"},
        },
    }
    return {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": schema}}}}


async def read_form(request: Request) -> dict[str, str]:
    """The parameters by name; those without a value are left out (RFC 6749 section 3.2).

    Raises:
        InvalidRequest: it is no form, or a parameter comes twice or holds NUL.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != MEDIA_TYPE:
        raise InvalidRequest(f"the body must be a form: {MEDIA_TYPE}")
    _check_encoded(await request.body())
    form = await request.form()
    return _checked([(name, str(value)) for name, value in form.multi_items()])


async def read_query(request: Request) -> dict[str, str]:
    """The same of the query.

    Raises:
        InvalidRequest: it is not encoded as a form is, or a parameter comes twice or holds NUL.
    """
    _check_encoded(request.scope["query_string"])
    return _checked(request.query_params.multi_items())


OAuthForm = Annotated[dict[str, str], Depends(read_form)]


def _check_encoded(encoded: bytes) -> None:
    if len(encoded) > _MAX_BYTES:
        raise InvalidRequest(f"the form may have {_MAX_BYTES} bytes at most")
    if not encoded.isascii():
        raise InvalidRequest(f"the form is not encoded as {MEDIA_TYPE}")


def _checked(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    form = dict(pairs)
    if len(pairs) > _MAX_FIELDS:
        raise InvalidRequest(f"the form may have {_MAX_FIELDS} parameters at most")
    if len(form) != len(pairs):
        raise InvalidRequest("a parameter may come once only")
    text = "".join(form) + "".join(form.values())
    # What is not UTF-8 becomes U+FFFD when it is decoded, so that two different passwords would become one.
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise InvalidRequest("the form is not encoded as UTF-8")
    # No parameter of RFC 6749 appendix A may hold it, and PostgreSQL fails on a text with it.
    if "\x00" in text:
        raise InvalidRequest("a parameter may not hold the NUL character")
    return {name: value for name, value in form.items() if value}
