"""Registering clients: what the admin routes and the command share."""

from secrets import token_hex

from auth_service.audit.context import AuditContext
from auth_service.clients.client import Client
from auth_service.clients.metadata import ClientMetadata, client_of
from auth_service.clients.schemas import ClientPublic, ClientRegistration
from auth_service.clients.store import ClientStore, StoredClient
from auth_service.oauth.opaque_tokens import new_opaque_token


async def register_client(
    store: ClientStore, new: ClientRegistration, context: AuditContext
) -> tuple[StoredClient, str | None]:
    """The new client, and its secret if it is confidential."""
    has_secret = new.confidential and new.jwks is None
    secret, digest = new_opaque_token() if has_secret else (None, None)
    client = Client(
        client_id=_new_client_id(),
        name=new.name,
        confidential=new.confidential,
        grants=frozenset(grant.value for grant in new.grants),
        redirect_uris=tuple(dict.fromkeys(new.redirect_uris)),
        scopes=frozenset(new.scopes),
        secret_digest=digest,
        jwks=new.jwks,
        post_logout_redirect_uris=tuple(dict.fromkeys(new.post_logout_redirect_uris)),
    )
    return await store.add(client, context), secret


async def register_itself(store: ClientStore, metadata: ClientMetadata) -> StoredClient:
    """The new client of an application that registered itself (RFC 7591)."""
    return await store.add_self_registered(client_of(metadata, _new_client_id()))


async def renew_client_secret(
    store: ClientStore, client_id: str, context: AuditContext
) -> str | None:
    """A new secret, with which the old one and all that it got ends; None when there is no such confidential client."""
    secret, digest = new_opaque_token()
    return secret if await store.set_secret(client_id, digest, context) else None


def _new_client_id() -> str:
    # Never a UUID: no client can be given the id of a user, which is what `sub` tells apart.
    return f"client-{token_hex(8)}"


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
        jwks=client.jwks,
        post_logout_redirect_uris=list(client.post_logout_redirect_uris),
        self_registered=client.self_registered,
    )
