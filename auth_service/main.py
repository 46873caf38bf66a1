"""The composition root of the auth service."""

from fastapi import FastAPI

from auth_service.audit import routes as audit
from auth_service.clients import routes as clients
from auth_service.consents import routes as consents
from auth_service.container import Container
from auth_service.forward_auth import routes as forward_auth
from auth_service.keys import routes as keys
from auth_service.oauth import (
    authorize,
    introspect,
    logout,
    metadata,
    register,
    revoke,
    token,
    userinfo,
)
from auth_service.oauth.errors import add_oauth_errors
from auth_service.oauth.scopes import scope_list
from auth_service.pages import routes as pages
from auth_service.problems import add_domain_errors
from auth_service.revocation import routes as revocation
from auth_service.sessions import routes as sessions
from auth_service.settings import AuthSettings
from auth_service.users import routes as users
from auth_service.users.email_change import routes as email_change
from auth_service.users.password_reset import routes as password_reset
from auth_service.users.sign_up import routes as sign_up
from gatehouse_chassis.application import create_service
from gatehouse_chassis.services import scope_descriptions


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
            forward_auth.router,  # looked at first: asked before every request to what it protects
            token.router,
            revoke.router,
            register.router,
            introspect.router,
            userinfo.router,
            keys.router,
            metadata.router,
            revocation.router,
            sign_up.router,
            users.router,
            password_reset.router,
            email_change.router,
            clients.router,
            authorize.router,
            logout.router,
            pages.router,
            sessions.router,
            consents.router,
            audit.router,
        ],
        token_verifier=c.verifier,
        scopes=scope_descriptions("auth"),
        ticked_scopes=[*scope_list().default, "auth:profile", "auth:account"],
        database=c.database,
        ready_when={"signing_keys": c.keys.check},
        background=[
            c.status_list.keep_fresh,
            keep_rotating,
            c.maintenance.run_forever,
        ],
        on_close=[c.close],
    )
    add_domain_errors(app)
    add_oauth_errors(app)
    app.state.container = c
    return app
