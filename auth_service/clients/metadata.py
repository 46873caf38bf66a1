"""What a client says of itself (RFC 7591 section 2), when no administrator registers it.

Nobody has checked any of it. So such a client is always a public one with PKCE, whatever it asks for, and people are
told so on the consent page.
"""

import json
import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    model_validator,
)

from auth_service.clients.client import Client
from auth_service.clients.redirect_uris import check_redirect_uri
from auth_service.clients.schemas import ClientName, Grant
from auth_service.oauth.scopes import scope_list
from auth_service.users.schemas import Role

MAX_BYTES = 16_384


class InvalidClientMetadata(Exception):
    """A client describes itself in a way that cannot be registered."""


class InvalidRedirectUri(InvalidClientMetadata):
    """One of its redirect URIs is none (RFC 7591 section 3.2.2)."""


class ClientMetadata(BaseModel):
    """What is read of it; all else that a client may say (RFC 7591 section 2) is ignored."""

    client_name: Annotated[ClientName | None, Field(examples=["My editor"])] = None
    redirect_uris: Annotated[
        list[Annotated[str, AfterValidator(check_redirect_uri)]],
        Field(min_length=1, max_length=20, examples=[["http://localhost/callback"]]),
    ]
    grant_types: Annotated[list[str], Field(max_length=20)] = ["authorization_code"]
    response_types: Annotated[list[str], Field(max_length=20)] = ["code"]
    scope: Annotated[
        Annotated[str, Field(max_length=2000)] | None, Field(examples=["items:read"])
    ] = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if Grant.AUTHORIZATION_CODE not in self.grant_types or "code" not in self.response_types:
            raise ValueError("it needs the grant type authorization_code, response type code")
        return self


# RFC 6749 section 5.2
_NOT_IN_DESCRIPTIONS = re.compile(r"[^ !#-\[\]-~]")


def parse_metadata(document: bytes) -> tuple[dict[str, Any], ClientMetadata]:
    """The members of the document, and what is read of them.

    Raises:
        InvalidRedirectUri: a redirect URI is none that may be registered.
        InvalidClientMetadata: it is no JSON object, or describes no client that there can be here.
    """
    if len(document) > MAX_BYTES:
        raise InvalidClientMetadata(f"the document has more than {MAX_BYTES} bytes")
    try:
        members = json.loads(document)
    except (ValueError, RecursionError):
        raise InvalidClientMetadata("the document is not JSON") from None
    if not isinstance(members, dict):
        raise InvalidClientMetadata("the document is no JSON object")
    # Members that are there and empty are as good as left out.
    members = {name: value for name, value in members.items() if value not in (None, "")}
    try:
        return members, ClientMetadata.model_validate(members)
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        reason = wrong["msg"].removeprefix("Value error, ")
        kind = InvalidRedirectUri if where.startswith("redirect_uris") else InvalidClientMetadata
        sentence = f"{where}: {reason}" if where else reason
        raise kind(_NOT_IN_DESCRIPTIONS.sub("?", sentence)) from None


def client_of(metadata: ClientMetadata, client_id: str, *, name: str = "") -> Client:
    """The client that is registered for it.

    Args:
        name: of one that gives none; otherwise it is called after where its answers go.
    """
    grants = {Grant.AUTHORIZATION_CODE.value, Grant.REFRESH_TOKEN.value}
    at = urlsplit(metadata.redirect_uris[0])
    return Client(
        client_id=client_id,
        name=metadata.client_name or name or at.hostname or at.scheme,
        confidential=False,
        grants=frozenset(grants.intersection(metadata.grant_types)),
        redirect_uris=tuple(dict.fromkeys(metadata.redirect_uris)),
        scopes=_most(metadata.scope),
        self_registered=True,
    )


def _most(asked: str | None) -> frozenset[str]:
    """The most that it is ever given: what it asks for, or all that an ordinary user may let an application do.

    What it names besides is left out, for it finds in the answer what it got (RFC 7591 section 3.2.1). Each person is
    asked anyway.
    """
    known = scope_list().by_role[Role.USER] - scope_list().first_party
    named = known.intersection((asked or "").split())
    return named or known
