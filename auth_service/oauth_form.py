"""Reading the form of an OAuth endpoint as strictly as RFC 6749 asks."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from auth_service.oauth_errors import InvalidRequest

_MAX_BYTES = 8192
_MAX_FIELDS = 32


async def read_form(request: Request) -> dict[str, str]:
    """The parameters by name; those without a value are left out (RFC 6749 section 3.2).

    Raises:
        InvalidRequest: it is no form, or a parameter comes twice or holds NUL.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise InvalidRequest("the body must be a form: application/x-www-form-urlencoded")
    return read_parameters(await request.body())


def read_parameters(encoded: bytes) -> dict[str, str]:
    """The same of a form's body or of a query.

    Raises:
        InvalidRequest: it is not encoded as a form is, or a parameter comes twice or holds NUL.
    """
    if len(encoded) > _MAX_BYTES:
        raise InvalidRequest(f"the form may have {_MAX_BYTES} bytes at most")
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one
        raise InvalidRequest(
            "the form is not encoded as application/x-www-form-urlencoded"
        ) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise InvalidRequest("a parameter may come once only")
    # No parameter of RFC 6749 appendix A may hold it, and PostgreSQL fails on a text with it.
    if any("\x00" in value for value in form.values()):
        raise InvalidRequest("a parameter may not hold the NUL character")
    return {name: value for name, value in form.items() if value}


def required(form: dict[str, str], name: str) -> str:
    """A parameter that must be there.

    Raises:
        InvalidRequest: it is missing.
    """
    if name not in form:
        raise InvalidRequest(f"the parameter {name} is missing")
    return form[name]
