"""The composition root of the auth service."""

from fastapi import FastAPI

from auth_service.audit.routes import audit_routes
from auth_service.clients.routes import client_routes
from auth_service.container import Container
from auth_service.oauth.authorize import authorize_routes
from auth_service.oauth.errors import add_oauth_errors
from auth_service.oauth.metadata import metadata_routes
from auth_service.oauth.scopes import SCOPES
from auth_service.oauth.token import token_routes
from auth_service.oauth.token_state import token_state_routes
from auth_service.pages.account_routes import account_page_routes
from auth_service.revocation.routes import status_list_routes
from auth_service.sessions.routes import session_routes
from auth_service.settings import AuthSettings
from auth_service.users.routes import user_routes
from auth_service.users.sign_up.routes import sign_up_routes
from gatehouse_chassis.application import create_service


def create_app(settings: AuthSettings, container: Container | None = None) -> FastAPI:
    """The auth service: it issues tokens and, having the keys at hand, checks its own without fetching them.

    Args:
        container: what its routes work with; without it, what the settings ask for.
    """
    c = container or Container.build(settings)

    async def keep_rotating() -> None:
        await c.keys.keep_rotating(settings.key_rotation)

    app = create_service(
        settings,
        name="auth",
        title="Auth",
        description="Who you are: users, their sessions, and the tokens and keys that prove it.",
        routers=[
            token_routes(c.clients, c.issuer, c.keys),
            token_state_routes(c.clients, c.sessions, c.revocation, c.verifier, settings.issuer),
            metadata_routes(settings, c.resources),
            status_list_routes(c.status_list),
            sign_up_routes(c.sign_ups),
            user_routes(c.users, c.authentication, c.hashing, c.resets),
            client_routes(c.client_store),
            authorize_routes(c.authorization, c.sign_in_page, c.authentication, c.issuer),
            account_page_routes(c.sign_ups, c.resets, c.outbox),
            session_routes(c.sessions, c.revocation),
            audit_routes(c.audit),
        ],
        token_verifier=c.verifier,
        scopes=[name for name in SCOPES if name.startswith("auth:")],
        ready_when={"database": c.database.ping, "signing_keys": c.keys.check},
        background=[
            c.status_list.keep_fresh,
            c.status_list.keep_small,
            keep_rotating,
            c.maintenance.keep_house,
        ],
        on_close=[c.close],
    )
    add_oauth_errors(app)
    app.state.container = c
    return app
