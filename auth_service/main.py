"""The composition root of the auth service."""

from fastapi import FastAPI

from auth_service.authentication import PasswordAuthentication
from auth_service.authorization import Authorization
from auth_service.brute_force import SignInGuard
from auth_service.clients import Clients, first_party_client
from auth_service.housekeeping import Housekeeping
from auth_service.mail import mail_sender
from auth_service.mailing import Mailing
from auth_service.oauth_errors import add_oauth_errors
from auth_service.password_reset import PasswordResets
from auth_service.passwords import PasswordHashing
from auth_service.resources import Resources
from auth_service.revocation import Revocation
from auth_service.routes import (
    account_pages,
    audit,
    authorize,
    metadata,
    sign_up,
    status_list,
    token_state,
    tokens,
    users,
)
from auth_service.routes import clients as client_routes
from auth_service.routes import sessions as session_routes
from auth_service.scopes import SCOPES, SERVICES
from auth_service.settings import AuthSettings
from auth_service.sign_in_page import SignInPage
from auth_service.sign_up import SignUps
from auth_service.signing_keys import SigningKeys
from auth_service.status_list import StatusList
from auth_service.store import (
    AccessTokenStore,
    AttemptStore,
    AuditStore,
    ClientStore,
    CodeStore,
    ExpiredStore,
    PasswordResetStore,
    SessionStore,
    SigningKeyStore,
    SignUpStore,
    UserStore,
)
from auth_service.token_issuer import TokenIssuer
from chassis.access_tokens import AccessTokenVerifier
from chassis.application import create_service
from chassis.database import open_database


def create_app(settings: AuthSettings) -> FastAPI:
    """The auth service: it issues tokens and, having the keys at hand, checks its own without fetching them."""
    database = open_database(settings.database_url)
    keys = SigningKeys(
        SigningKeyStore(database),
        settings.key_encryption_secret.get_secret_value(),
        token_life=settings.access_token_life,
        published_ahead=settings.key_published_ahead,
    )
    sessions, access_tokens = SessionStore(database), AccessTokenStore(database)
    statuses = StatusList(
        settings.issuer, access_tokens, keys, token_life=settings.access_token_life
    )
    passwords = PasswordHashing(threads=settings.hashing_threads, queue=settings.hashing_queue)
    client_store = ClientStore(database)
    clients = Clients(client_store, first_party_client(password_grant=settings.password_grant))
    resources = Resources(settings.origin, SERVICES)
    guard = SignInGuard(AttemptStore(database))
    housekeeping = Housekeeping(ExpiredStore(database), guard)
    mailing = Mailing(mail_sender(settings.smtp_url.get_secret_value(), settings.mail_from), guard)

    async def keep_rotating() -> None:
        await keys.keep_rotating(settings.key_rotation)

    app = create_service(
        settings,
        name="auth",
        title="Auth",
        description="Who you are: users, their sessions, and the tokens and keys that prove it.",
        routers=[
            tokens.router,
            token_state.router,
            metadata.router,
            status_list.router,
            sign_up.router,
            users.router,
            client_routes.router,
            authorize.router,
            account_pages.router,
            session_routes.router,
            audit.router,
        ],
        token_verifier=AccessTokenVerifier(
            issuer=settings.issuer, audience=None, keys=keys, revocations=statuses
        ),
        scopes=[name for name in SCOPES if name.startswith("auth:")],
        ready_when={"database": database.ping, "signing_keys": keys.check},
        background=[
            statuses.keep_fresh,
            statuses.keep_small,
            keep_rotating,
            housekeeping.keep_house,
        ],
        on_close=[database.close, passwords.close, mailing.close],
    )
    add_oauth_errors(app)
    app.state.user_store = UserStore(database)
    app.state.audit_store = AuditStore(database)
    app.state.attempt_store = AttemptStore(database)
    app.state.password_authentication = PasswordAuthentication(
        app.state.user_store,
        passwords,
        guard,
        app.state.audit_store,
    )
    app.state.mailing = mailing
    app.state.password_resets = PasswordResets(
        users=app.state.user_store,
        resets=PasswordResetStore(database),
        passwords=passwords,
        guard=guard,
        mailing=mailing,
        life=settings.password_reset_life,
        issuer=settings.issuer,
    )
    app.state.sign_ups = SignUps(
        users=app.state.user_store,
        waiting=SignUpStore(database),
        audit=app.state.audit_store,
        passwords=passwords,
        guard=guard,
        mailing=mailing,
        life=settings.sign_up_life,
        issuer=settings.issuer,
    )
    app.state.signing_keys = keys
    app.state.client_store = client_store
    app.state.settings = settings
    app.state.resources = resources
    app.state.session_store = sessions
    app.state.clients = clients
    app.state.authorization = Authorization(clients, resources, settings.issuer, SERVICES)
    app.state.sign_in_page = SignInPage(settings.key_encryption_secret.get_secret_value())
    app.state.status_list = statuses
    app.state.revocation = Revocation(sessions, access_tokens)
    app.state.password_hashing = passwords
    app.state.token_issuer = TokenIssuer(
        issuer=settings.issuer,
        access_token_life=settings.access_token_life,
        refresh_token_life=settings.refresh_token_life,
        users=app.state.user_store,
        sessions=app.state.session_store,
        codes=CodeStore(database),
        resources=resources,
        authentication=app.state.password_authentication,
        keys=keys,
        status_list=statuses,
    )
    return app
