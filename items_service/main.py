"""The composition root of the items service."""

from fastapi import FastAPI

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.auth.issuer_keys import IssuerKeys
from gatehouse_chassis.auth.status_list import StatusList
from gatehouse_chassis.database import open_database
from items_service.dependencies import bearer
from items_service.routes import item_routes
from items_service.settings import ItemsSettings
from items_service.store import ItemStore


def create_app(settings: ItemsSettings) -> FastAPI:
    """The items service: it checks tokens with auth's public keys and needs nothing from auth per request."""
    database = open_database(settings.database_url)
    keys = IssuerKeys(
        settings.jwks_url,
        kept_in=settings.state_dir / "issuer-keys.json",
        refresh_after=settings.jwks_refresh.total_seconds(),
    )
    status_list = StatusList(
        settings.status_list_url,
        uri=f"{settings.issuer}/status-list",
        kept_in=settings.state_dir / "status-list.jwt",
        keys=keys,
    )
    return create_service(
        settings,
        name="items",
        title="Items",
        description="What is protected: items, owned by users.",
        routers=[item_routes(ItemStore(database))],
        token_verifier=AccessTokenVerifier(
            issuer=settings.issuer, audience="items", keys=keys, revocations=status_list
        ),
        scopes=bearer.scopes,
        ready_when={
            "database": database.ping,
            "issuer_keys": keys.check,
            "status_list": status_list.check,
        },
        background=[keys.keep_fresh, status_list.keep_fresh],
        on_close=[database.close],
    )
