"""The composition root of the items service."""

from fastapi import FastAPI

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.resource_server import ResourceServer
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
    resource_server = ResourceServer(
        issuer=settings.issuer,
        audience=service.name,
        resource=settings.resource,
        jwks_url=settings.jwks_url,
        status_list_url=settings.status_list_url,
        status_list_uri=f"{settings.issuer}/status-list",
        keep_in=settings.state_dir,
        refresh_after=settings.jwks_refresh.total_seconds(),
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
        token_verifier=resource_server,
        scopes=bearer.scopes,
        ready_when=resource_server.checks,
        background=[resource_server.keep_fresh],
    )
