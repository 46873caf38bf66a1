"""The composition root of the items service."""

from fastapi import FastAPI

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.auth.issuer_keys import IssuerKeys
from gatehouse_chassis.auth.status_list import StatusList
from gatehouse_chassis.database import open_database
from gatehouse_chassis.http.problems import NotFound, PreconditionFailed, QuotaExceeded
from gatehouse_chassis.services import load_services
from items_service.dependencies import bearer
from items_service.routes import router
from items_service.settings import ItemsSettings
from items_service.store import ItemChanged, ItemNotFound, ItemQuotaReached


def create_app(settings: ItemsSettings) -> FastAPI:
    """The items service. It checks tokens with auth's public keys; no request asks auth."""
    service = load_services()["items"]
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
        name=service.name,
        title=service.title,
        description=service.description,
        routers=[router],
        errors={
            ItemNotFound: NotFound,
            ItemChanged: PreconditionFailed,
            ItemQuotaReached: QuotaExceeded,
        },
        database=open_database(settings.database_url),
        token_verifier=AccessTokenVerifier(
            issuer=settings.issuer,
            audience=service.name,
            resource=settings.resource,
            keys=keys,
            revocations=status_list,
        ),
        scopes=bearer.scopes,
        ready_when={"issuer_keys": keys.check, "status_list": status_list.check},
        background=[keys.keep_fresh, status_list.keep_fresh],
    )
