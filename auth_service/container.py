"""Every object of the application that lives as long as it: made once, in `Container.build`, and read by routes.

`auth_service.dependencies` offers each of them to routes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from auth_service.audit.repeated import RepeatedEvents
from auth_service.audit.store import AuditStore
from auth_service.clients.assertions import Assertions
from auth_service.clients.authentication import Clients, first_party_client
from auth_service.clients.documents import ClientDocuments, Fetch, fetch_document
from auth_service.clients.store import AssertionStore, ClientStore
from auth_service.consents.store import ConsentStore
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.mail.limit import RequestLimit
from auth_service.mail.notices import Notices
from auth_service.mail.outbox import Outbox
from auth_service.mail.sender import MailSender, mail_sender
from auth_service.maintenance.purge import INTERVAL, Maintenance
from auth_service.oauth.authorization import Authorization
from auth_service.oauth.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    Grants,
    PasswordGrant,
    RefreshTokenGrant,
)
from auth_service.oauth.id_tokens import IdTokenReader
from auth_service.oauth.issuer import TokenIssuer
from auth_service.oauth.logout_requests import LogoutRequestReader
from auth_service.oauth.resources import Resources
from auth_service.oauth.scopes import AUTH
from auth_service.oauth.store import CodeStore
from auth_service.pages.session_cookie import SessionCookie
from auth_service.pages.sign_in import SignInPage
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.store import AttemptStore
from auth_service.passwords.throttling import ClientSecretGuard, SignInGuard
from auth_service.revocation.revoke import Revocation
from auth_service.revocation.status_list import PURGE_EVERY, StatusList
from auth_service.revocation.store import AccessTokenStore
from auth_service.sessions.browser.browser import BrowserSessions, BrowserSignIn
from auth_service.sessions.browser.store import BrowserSessionStore
from auth_service.sessions.store import SessionLimits, SessionStore
from auth_service.settings import AuthSettings
from auth_service.users.administration import UserAdministration
from auth_service.users.credentials import Credentials
from auth_service.users.email_change.email_change import EmailChanges
from auth_service.users.email_change.store import EmailChangeStore
from auth_service.users.password_reset.reset import PasswordResets
from auth_service.users.password_reset.store import PasswordResetStore
from auth_service.users.sign_up.sign_up import SignUps
from auth_service.users.sign_up.store import SignUpStore
from auth_service.users.store import UserStore
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.database import Database, open_database
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.services import load_services


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The long-lived objects of one application."""

    settings: AuthSettings
    database: Database

    users: UserStore
    sessions: SessionStore
    browsers: BrowserSessions
    browser_sign_in: BrowserSignIn
    session_cookie: SessionCookie
    consents: ConsentStore
    client_store: ClientStore
    audit: AuditStore
    repeated: RepeatedEvents

    hashing: PasswordHashing
    guard: SignInGuard
    authentication: PasswordAuthentication
    outbox: Outbox
    notices: Notices
    resets: PasswordResets
    sign_ups: SignUps
    administration: UserAdministration
    credentials: Credentials
    email_changes: EmailChanges

    clients: Clients
    keys: SigningKeys
    status_list: StatusList
    revocation: Revocation
    verifier: AccessTokenVerifier
    """Of the tokens that auth itself accepts, as a service among others."""

    issued_tokens: AccessTokenVerifier
    """Of all tokens, whichever service they are for: clients revoke them and ask about them here."""

    resources: Resources
    code_grant: AuthorizationCodeGrant
    grants: Grants
    authorization: Authorization
    id_tokens: IdTokenReader
    logouts: LogoutRequestReader
    sign_in_page: SignInPage
    maintenance: Maintenance

    @classmethod
    def build(
        cls,
        settings: AuthSettings,
        *,
        database: Database | None = None,
        users: UserStore | None = None,
        hashing: PasswordHashing | None = None,
        sender: MailSender | None = None,
        fetch: Fetch = fetch_document,
        clock: Callable[[], datetime] = now,
    ) -> Self:
        """The objects that the settings ask for.

        Args:
            database: another database than `settings.database_url`.
            users: another store of users.
            hashing: other threads, or a faster hash.
            sender: another way for mails to leave.
            fetch: another way to the documents that describe clients.
            clock: the time by which failed sign-ins and mails are counted.
        """
        database = database or open_database(settings.database_url)
        users = users or UserStore(database)
        hashing = hashing or PasswordHashing(
            threads=settings.hashing_threads, queue=settings.hashing_queue
        )
        attempts = AttemptStore(database)
        guard, limit = SignInGuard(attempts, clock=clock), RequestLimit(attempts, clock=clock)
        audit = AuditStore(database, settings.audit_retention)
        repeated = RepeatedEvents(audit)
        authentication = PasswordAuthentication(users, hashing, guard, audit, repeated)
        smtp_url, mails = settings.smtp_url.get_secret_value(), settings.state_dir / "mails"
        outbox = Outbox(sender or mail_sender(smtp_url, settings.mail_from, mails))
        notices = Notices(outbox, settings.issuer)
        resets_sent, sign_ups_asked = PasswordResetStore(database), SignUpStore(database)
        resets = PasswordResets(
            users=users,
            resets=resets_sent,
            hashing=hashing,
            guard=guard,
            limit=limit,
            outbox=outbox,
            notices=notices,
            life=settings.password_reset_life,
            issuer=settings.issuer,
        )
        sign_ups = SignUps(
            users=users,
            waiting=sign_ups_asked,
            hashing=hashing,
            guard=guard,
            limit=limit,
            outbox=outbox,
            is_open=settings.sign_up,
            life=settings.sign_up_life,
            issuer=settings.issuer,
        )
        addresses_asked = EmailChangeStore(database)
        email_changes = EmailChanges(
            changes=addresses_asked,
            limit=limit,
            outbox=outbox,
            notices=notices,
            life=settings.sign_up_life,
            issuer=settings.issuer,
        )

        keys = SigningKeys(
            SigningKeyStore(database),
            KeyEncryption(*settings.key_secrets),
            algorithm=settings.signing_algorithm,
            token_life=settings.access_token_life,
            published_ahead=settings.key_published_ahead,
        )
        limits = SessionLimits(
            settings.session_life,
            settings.sessions_per_user,
            settings.refresh_leeway,
            settings.browser_session_idle,
            settings.browser_session_life,
        )
        sessions, access_tokens = SessionStore(database, limits), AccessTokenStore(database)
        codes = CodeStore(database, limits)
        status_list = StatusList(settings.issuer, access_tokens, keys)
        client_store, assertions_seen = ClientStore(database), AssertionStore(database)
        clients = Clients(
            client_store,
            ClientSecretGuard(attempts, clock=clock),
            Assertions(
                assertions_seen,
                frozenset(
                    f"{settings.issuer}{path}" for path in ("", "/token", "/revoke", "/introspect")
                ),
            ),
            first_party_client(password_grant=settings.password_grant),
            ClientDocuments(client_store, fetch) if settings.client_metadata_documents else None,
        )
        services = load_services()
        resources = Resources(settings.origin, services)
        issuer = TokenIssuer(settings.issuer, settings.access_token_life, keys, status_list)
        life = min(settings.refresh_token_life, settings.session_life)
        code_grant = AuthorizationCodeGrant(codes, resources, issuer, life)
        grants = Grants(
            {
                "authorization_code": code_grant,
                "refresh_token": RefreshTokenGrant(sessions, resources, issuer, life),
                "client_credentials": ClientCredentialsGrant(resources, issuer, repeated),
                "password": PasswordGrant(authentication, sessions, resources, issuer, life),
            },
            status_list,
        )
        id_tokens = IdTokenReader(settings.issuer, keys)
        browsers = BrowserSessions(BrowserSessionStore(database, limits), sessions)
        return cls(
            settings=settings,
            database=database,
            users=users,
            sessions=sessions,
            browsers=browsers,
            browser_sign_in=BrowserSignIn(browsers, authentication),
            session_cookie=SessionCookie(settings.origin, settings.root_path),
            consents=ConsentStore(database),
            client_store=client_store,
            audit=audit,
            repeated=repeated,
            hashing=hashing,
            guard=guard,
            authentication=authentication,
            outbox=outbox,
            resets=resets,
            sign_ups=sign_ups,
            administration=UserAdministration(users),
            credentials=Credentials(users, authentication, hashing, email_changes, limit, notices),
            email_changes=email_changes,
            notices=notices,
            clients=clients,
            keys=keys,
            status_list=status_list,
            revocation=Revocation(sessions, access_tokens),
            verifier=AccessTokenVerifier(
                issuer=settings.issuer,
                audience=AUTH,
                resource=settings.resource,
                keys=keys,
                revocations=status_list,
            ),
            issued_tokens=AccessTokenVerifier(
                issuer=settings.issuer, audience=None, keys=keys, revocations=status_list
            ),
            resources=resources,
            code_grant=code_grant,
            grants=grants,
            id_tokens=id_tokens,
            logouts=LogoutRequestReader(clients, id_tokens),
            authorization=Authorization(clients, resources, settings.origin, services),
            sign_in_page=SignInPage(*settings.key_secrets),
            maintenance=Maintenance(
                [
                    (PURGE_EVERY, status_list),
                    (PURGE_EVERY, keys),
                    (INTERVAL, guard),
                    (INTERVAL, resets_sent),
                    (INTERVAL, sign_ups_asked),
                    (INTERVAL, addresses_asked),
                    (INTERVAL, sessions),
                    (INTERVAL, codes),
                    (INTERVAL, audit),
                    (INTERVAL, assertions_seen),
                    (INTERVAL, client_store),
                ]
            ),
        )

    async def close(self) -> None:
        """Waits for mails on their way, then ends threads and closes connections."""
        await self.outbox.close()
        await self.hashing.close()
        await self.database.close()
