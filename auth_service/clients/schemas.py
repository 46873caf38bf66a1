"""What a client registration takes, and what administrators see of a client."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from auth_service.clients.assertions import check_jwks
from auth_service.clients.redirect_uris import check_redirect_uri
from auth_service.oauth.scopes import OF_OPENID, OFFLINE_ACCESS, OPENID, scope_list
from gatehouse_chassis.http.text import ONE_LINE, STORABLE


class Grant(StrEnum):
    """How a registered client may get tokens. The password grant is not among them (RFC 9700 section 2.4)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"


def _check_scope(name: str) -> str:
    known = scope_list().descriptions
    if name not in known:
        raise ValueError(f"there is no such scope; there are {', '.join(known)}")
    if name in scope_list().first_party:
        raise ValueError("this scope is for the built-in client only")
    return name


ClientName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), STORABLE, ONE_LINE
]


class ClientRegistration(BaseModel):
    """A new client."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        ClientName,
        Field(description="shown to people who sign in through it", examples=["My shop"]),
    ]
    confidential: Annotated[
        bool, Field(description="gets a secret; false for an app that runs with its users")
    ] = False
    grants: Annotated[set[Grant], Field(min_length=1)]
    redirect_uris: Annotated[
        list[Annotated[str, AfterValidator(check_redirect_uri)]],
        Field(max_length=20, examples=[["https://shop.example/callback"]]),
    ] = []
    scopes: Annotated[
        set[Annotated[str, AfterValidator(_check_scope)]],
        Field(
            min_length=1,
            description="the most that it is ever given",
            examples=[["items:read"]],
        ),
    ]

    jwks: Annotated[
        Annotated[dict[str, Any], AfterValidator(check_jwks)] | None,
        Field(
            description="the public keys (RFC 7517) of a confidential client that signs instead of sending a secret, "
            "which it then does not get",
        ),
    ] = None
    post_logout_redirect_uris: Annotated[
        list[Annotated[str, AfterValidator(check_redirect_uri)]],
        Field(
            max_length=20,
            description="where people may be sent after they sign out of it",
            examples=[["https://shop.example/signed-out"]],
        ),
    ] = []

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if Grant.CLIENT_CREDENTIALS in self.grants and not self.confidential:
            raise ValueError("client_credentials needs a confidential client")
        if self.jwks is not None and not self.confidential:
            raise ValueError("jwks needs a confidential client")
        if self.scopes & set(OF_OPENID) - {OPENID} and OPENID not in self.scopes:
            raise ValueError("profile, email and offline_access need openid")
        if OPENID in self.scopes and Grant.AUTHORIZATION_CODE not in self.grants:
            raise ValueError("openid needs authorization_code")
        if OFFLINE_ACCESS in self.scopes and Grant.REFRESH_TOKEN not in self.grants:
            raise ValueError("offline_access needs refresh_token")
        if self.post_logout_redirect_uris and OPENID not in self.scopes:
            raise ValueError("post_logout_redirect_uris need openid")
        if (Grant.AUTHORIZATION_CODE in self.grants) != bool(self.redirect_uris):
            raise ValueError("authorization_code and redirect_uris go together")
        if self.grants == {Grant.REFRESH_TOKEN}:
            raise ValueError("refresh_token needs authorization_code, which gives the first one")
        return self


class ClientPublic(BaseModel):
    """A client as administrators see it."""

    client_id: str
    name: str
    confidential: bool
    grants: list[str]
    redirect_uris: list[str]
    scopes: list[str]
    created_at: datetime
    jwks: Annotated[
        dict[str, Any] | None,
        Field(exclude_if=lambda keys: keys is None, description="of a client that signs"),
    ] = None
    post_logout_redirect_uris: list[str]
    self_registered: Annotated[
        bool, Field(description="whether no administrator has registered it")
    ] = False


class ClientSecret(BaseModel):
    """A secret, which is shown once."""

    client_secret: str


class RegisteredClient(ClientPublic):
    """A new client with its secret, which is shown once; a public client has none."""

    client_secret: str | None = None
