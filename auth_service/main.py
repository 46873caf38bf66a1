"""The composition root of the auth service."""

from fastapi import FastAPI

from auth_service.audit.routes import audit_routes
from auth_service.audit.store import AuditStore
from auth_service.clients.authentication import Clients, first_party_client
from auth_service.clients.routes import client_routes
from auth_service.clients.store import ClientStore
from auth_service.container import Foundations
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.maintenance.purge import Housekeeping
from auth_service.maintenance.store import ExpiredStore
from auth_service.oauth.authorization import Authorization
from auth_service.oauth.authorize import authorize_routes
from auth_service.oauth.errors import add_oauth_errors
from auth_service.oauth.grants import TokenIssuer
from auth_service.oauth.metadata import metadata_routes
from auth_service.oauth.resources import Resources
from auth_service.oauth.scopes import SCOPES, SERVICES
from auth_service.oauth.store import CodeStore
from auth_service.oauth.token import token_routes
from auth_service.oauth.token_state import token_state_routes
from auth_service.pages.account_routes import account_page_routes
from auth_service.pages.sign_in import SignInPage
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.revocation.revoke import Revocation
from auth_service.revocation.routes import status_list_routes
from auth_service.revocation.status_list import StatusList
from auth_service.revocation.store import AccessTokenStore
from auth_service.sessions.routes import session_routes
from auth_service.sessions.store import SessionStore
from auth_service.settings import AuthSettings
from auth_service.users.password_reset.reset import PasswordResets
from auth_service.users.password_reset.store import PasswordResetStore
from auth_service.users.routes import user_routes
from auth_service.users.sign_up.routes import sign_up_routes
from auth_service.users.sign_up.sign_up import SignUps
from auth_service.users.sign_up.store import SignUpStore
from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier


def create_app(settings: AuthSettings, foundations: Foundations | None = None) -> FastAPI:
    """The auth service: it issues tokens and, having the keys at hand, checks its own without fetching them.

    Args:
        foundations: what it stands on; without them, those that the settings ask for.
    """
    base = foundations or Foundations.of(settings)
    database, users = base.database, base.users
    keys = SigningKeys(
        SigningKeyStore(database),
        settings.key_encryption_secret.get_secret_value(),
        token_life=settings.access_token_life,
        published_ahead=settings.key_published_ahead,
    )
    sessions, access_tokens = SessionStore(database), AccessTokenStore(database)
    statuses = StatusList(settings.issuer, access_tokens, keys)
    verifier = AccessTokenVerifier(
        issuer=settings.issuer, audience=None, keys=keys, revocations=statuses
    )
    registered, audit = ClientStore(database), AuditStore(database)
    clients = Clients(registered, first_party_client(password_grant=settings.password_grant))
    resources = Resources(settings.origin, SERVICES)
    revocation = Revocation(sessions, access_tokens)
    authentication = PasswordAuthentication(users, base.passwords, base.guard, audit)
    resets = PasswordResets(
        users=users,
        resets=PasswordResetStore(database),
        passwords=base.passwords,
        guard=base.guard,
        mailing=base.mailing,
        life=settings.password_reset_life,
        issuer=settings.issuer,
    )
    sign_ups = SignUps(
        users=users,
        waiting=SignUpStore(database),
        audit=audit,
        passwords=base.passwords,
        guard=base.guard,
        mailing=base.mailing,
        life=settings.sign_up_life,
        issuer=settings.issuer,
    )
    issuer = TokenIssuer(
        issuer=settings.issuer,
        access_token_life=settings.access_token_life,
        refresh_token_life=settings.refresh_token_life,
        users=users,
        sessions=sessions,
        codes=CodeStore(database),
        resources=resources,
        authentication=authentication,
        keys=keys,
        status_list=statuses,
    )
    authorization = Authorization(clients, resources, settings.issuer, SERVICES)
    sign_in_page = SignInPage(settings.key_encryption_secret.get_secret_value())
    housekeeping = Housekeeping(ExpiredStore(database), base.guard)

    async def keep_rotating() -> None:
        await keys.keep_rotating(settings.key_rotation)

    app = create_service(
        settings,
        name="auth",
        title="Auth",
        description="Who you are: users, their sessions, and the tokens and keys that prove it.",
        routers=[
            token_routes(clients, issuer, keys),
            token_state_routes(clients, sessions, revocation, verifier, settings.issuer),
            metadata_routes(settings, resources),
            status_list_routes(statuses),
            sign_up_routes(sign_ups),
            user_routes(users, authentication, base.passwords, resets),
            client_routes(registered),
            authorize_routes(authorization, sign_in_page, authentication, issuer),
            account_page_routes(sign_ups, resets, base.mailing),
            session_routes(sessions, revocation),
            audit_routes(audit),
        ],
        token_verifier=verifier,
        scopes=[name for name in SCOPES if name.startswith("auth:")],
        ready_when={"database": database.ping, "signing_keys": keys.check},
        background=[
            statuses.keep_fresh,
            statuses.keep_small,
            keep_rotating,
            housekeeping.keep_house,
        ],
        on_close=[database.close, base.passwords.close, base.mailing.close],
    )
    add_oauth_errors(app)
    app.state.users = users
    return app
