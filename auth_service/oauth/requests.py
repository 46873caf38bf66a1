"""What is wrong with an OAuth request, in the words of RFC 6749; `auth_service.oauth.errors` has the answers."""

from collections.abc import Mapping

PROMPTS = ("none", "login", "consent", "select_account")
"""What a request may ask to be shown to the person (OpenID Connect Core section 3.1.2.1)."""


class RequestRefused(Exception):
    """What the OAuth endpoints refuse. The sentence is printable ASCII without quotes or backslashes (section 5.2)."""


class InvalidRequest(RequestRefused):
    """A parameter is missing, comes twice, or the body is no form."""


class CrossSitePost(RequestRefused):
    """A page of another site made the visitor's browser send it."""


class InvalidGrant(RequestRefused):
    """The password, the code or the refresh token is not accepted."""


class UnsupportedGrantType(RequestRefused):
    """There is no such grant here."""


class UnsupportedResponseType(RequestRefused):
    """An authorization request may ask for a code only."""


class RequestNotSupported(RequestRefused):
    """The request is an object, which is not read here (OpenID Connect Core section 3.1.2.6)."""


class RequestUriNotSupported(RequestRefused):
    """The same of a request that is fetched from an address."""


class RegistrationNotSupported(RequestRefused):
    """The request registers its client (section 7.2.1)."""


class RegistrationOff(RequestRefused):
    """Clients may not register themselves here."""


class AccessDenied(RequestRefused):
    """The resource owner denied the request."""


class LoginRequired(RequestRefused):
    """The request may show no page, and nobody is signed in (OpenID Connect Core section 3.1.2.6)."""


class ConsentRequired(RequestRefused):
    """The request may show no page, and the person has to be asked (the same section)."""


class TokenOfAnotherClient(RequestRefused):
    """A client may end its own tokens only."""


def required(form: Mapping[str, str], name: str) -> str:
    """A parameter that must be there.

    Raises:
        InvalidRequest: it is missing.
    """
    if name not in form:
        raise InvalidRequest(f"the parameter {name} is missing")
    return form[name]
