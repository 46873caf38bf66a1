"""Registering clients: what the admin routes and the command share."""

from datetime import datetime
from enum import StrEnum
from secrets import token_hex
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from auth_service.clients.redirect_uris import check_redirect_uri
from auth_service.clients.store import Client, ClientStore, StoredClient
from auth_service.oauth.opaque_tokens import new_opaque_token
from auth_service.oauth.scopes import SCOPES
from gatehouse_chassis.http.text import STORABLE


class Grant(StrEnum):
    """How a registered client may get tokens. The password grant is not among them (RFC 9700 section 2.4)."""

    AUTHORIZATION_CODE = "authorization_code"
    REFRESH_TOKEN = "refresh_token"
    CLIENT_CREDENTIALS = "client_credentials"


def _check_scope(name: str) -> str:
    if name not in SCOPES:
        raise ValueError(f"there is no such scope; there are {', '.join(SCOPES)}")
    return name


ClientName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), STORABLE
]


class ClientRegistration(BaseModel):
    """A new client."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[ClientName, Field(description="shown to people who sign in through it")]
    confidential: Annotated[
        bool, Field(description="gets a secret; false for an app that runs with its users")
    ] = False
    grants: Annotated[set[Grant], Field(min_length=1)]
    redirect_uris: Annotated[
        list[Annotated[str, AfterValidator(check_redirect_uri)]], Field(max_length=20)
    ] = []
    scopes: Annotated[
        set[Annotated[str, AfterValidator(_check_scope)]],
        Field(min_length=1, description="the most that it is ever given"),
    ]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if Grant.CLIENT_CREDENTIALS in self.grants and not self.confidential:
            raise ValueError("client_credentials needs a confidential client")
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


class ClientSecret(BaseModel):
    """A secret, which is told once."""

    client_secret: str


class RegisteredClient(ClientPublic):
    """A new client with its secret, which is told once; a public client has none."""

    client_secret: str | None = None


async def register_client(
    store: ClientStore, new: ClientRegistration
) -> tuple[StoredClient, str | None]:
    """The new client, and its secret if it is confidential."""
    secret, digest = new_opaque_token() if new.confidential else (None, None)
    client = Client(
        # Made here and never a UUID: no client can be given the id of a user, which is what `sub` tells apart.
        client_id=f"client-{token_hex(8)}",
        name=new.name,
        confidential=new.confidential,
        grants=frozenset(grant.value for grant in new.grants),
        redirect_uris=tuple(dict.fromkeys(new.redirect_uris)),
        scopes=frozenset(new.scopes),
    )
    return await store.add(client, digest), secret


async def renew_client_secret(store: ClientStore, client_id: str) -> str | None:
    """A new secret, with which the old one ends; None when there is no such confidential client."""
    secret, digest = new_opaque_token()
    return secret if await store.set_secret(client_id, digest) else None


def public_view(client: StoredClient) -> ClientPublic:
    """What administrators see of a client."""
    return ClientPublic(
        client_id=client.client_id,
        name=client.name,
        confidential=client.confidential,
        grants=sorted(client.grants),
        redirect_uris=list(client.redirect_uris),
        scopes=sorted(client.scopes),
        created_at=client.created_at,
    )
