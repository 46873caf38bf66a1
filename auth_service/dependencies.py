# ruff: noqa: D103  # the name and the return type of a getter say it all
"""What routes take: the objects of the application, and who is asking.

Each object comes by a function of its own, so that a test can replace it with `app.dependency_overrides`. All of them
are asynchronous although they await nothing: FastAPI hands every other dependency to a thread.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import SecurityScopes
from starlette.requests import HTTPConnection

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.repeated import RepeatedEvents
from auth_service.audit.store import AuditStore
from auth_service.clients.authentication import Clients as ClientDirectory
from auth_service.clients.client import FIRST_PARTY_CLIENT
from auth_service.clients.store import ClientStore
from auth_service.consents.store import ConsentStore
from auth_service.container import Container
from auth_service.keys.signing_keys import SigningKeys
from auth_service.mail.outbox import Outbox
from auth_service.oauth.authorization import Authorization
from auth_service.oauth.grants import AuthorizationCodeGrant, Grants
from auth_service.oauth.id_tokens import IdTokenReader
from auth_service.oauth.logout_requests import LogoutRequestReader
from auth_service.oauth.resources import Resources
from auth_service.oauth.scopes import scope_list
from auth_service.pages.session_cookie import SessionCookie
from auth_service.pages.sign_in import SignInPage
from auth_service.revocation.revoke import Revocation
from auth_service.revocation.status_list import StatusList
from auth_service.sessions.browser.browser import BrowserSessions, BrowserSignIn
from auth_service.sessions.browser.store import BrowserSession
from auth_service.sessions.store import SessionStore
from auth_service.settings import AuthSettings
from auth_service.users.administration import UserAdministration
from auth_service.users.credentials import Credentials
from auth_service.users.email_change.email_change import EmailChanges
from auth_service.users.password_reset.reset import PasswordResets
from auth_service.users.schemas import Role
from auth_service.users.sign_up.sign_up import SignUps
from auth_service.users.store import User, UserStore
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, Principal
from gatehouse_chassis.auth.bearer import Bearer, Challenge, InsufficientScope, UnusableToken


def _container(request: HTTPConnection) -> Container:
    container: Container = request.app.state.container
    return container


async def get_settings(request: Request) -> AuthSettings:
    return _container(request).settings


async def get_users(request: Request) -> UserStore:
    return _container(request).users


async def get_sessions(request: Request) -> SessionStore:
    return _container(request).sessions


async def get_browsers(request: Request) -> BrowserSessions:
    return _container(request).browsers


async def get_browser_sign_in(request: Request) -> BrowserSignIn:
    return _container(request).browser_sign_in


async def get_session_cookie(request: Request) -> SessionCookie:
    return _container(request).session_cookie


async def get_consents(request: Request) -> ConsentStore:
    return _container(request).consents


async def get_client_store(request: Request) -> ClientStore:
    return _container(request).client_store


async def get_audit_log(request: Request) -> AuditStore:
    return _container(request).audit


async def get_repeated_events(request: Request) -> RepeatedEvents:
    return _container(request).repeated


async def get_outbox(request: Request) -> Outbox:
    return _container(request).outbox


async def get_password_resets(request: Request) -> PasswordResets:
    return _container(request).resets


async def get_sign_ups(request: Request) -> SignUps:
    return _container(request).sign_ups


async def get_user_administration(request: Request) -> UserAdministration:
    return _container(request).administration


async def get_credentials(request: Request) -> Credentials:
    return _container(request).credentials


async def get_email_changes(request: Request) -> EmailChanges:
    return _container(request).email_changes


async def get_clients(request: Request) -> ClientDirectory:
    return _container(request).clients


async def get_keys(request: Request) -> SigningKeys:
    return _container(request).keys


async def get_status_list(request: Request) -> StatusList:
    return _container(request).status_list


async def get_revocation(request: Request) -> Revocation:
    return _container(request).revocation


async def get_issued_tokens(request: Request) -> AccessTokenVerifier:
    return _container(request).issued_tokens


async def get_resources(request: Request) -> Resources:
    return _container(request).resources


async def get_grants(request: Request) -> Grants:
    return _container(request).grants


async def get_code_grant(request: Request) -> AuthorizationCodeGrant:
    return _container(request).code_grant


async def get_authorization(request: Request) -> Authorization:
    return _container(request).authorization


async def get_id_tokens(request: Request) -> IdTokenReader:
    return _container(request).id_tokens


async def get_logouts(request: Request) -> LogoutRequestReader:
    return _container(request).logouts


async def get_sign_in_page(request: Request) -> SignInPage:
    return _container(request).sign_in_page


Settings = Annotated[AuthSettings, Depends(get_settings)]
Users = Annotated[UserStore, Depends(get_users)]
Sessions = Annotated[SessionStore, Depends(get_sessions)]
Browsers = Annotated[BrowserSessions, Depends(get_browsers)]
SignIn = Annotated[BrowserSignIn, Depends(get_browser_sign_in)]
SessionCookies = Annotated[SessionCookie, Depends(get_session_cookie)]
Consents = Annotated[ConsentStore, Depends(get_consents)]
RegisteredClients = Annotated[ClientStore, Depends(get_client_store)]
AuditLog = Annotated[AuditStore, Depends(get_audit_log)]
Repeated = Annotated[RepeatedEvents, Depends(get_repeated_events)]
MailOutbox = Annotated[Outbox, Depends(get_outbox)]
Resets = Annotated[PasswordResets, Depends(get_password_resets)]
SignUpRequests = Annotated[SignUps, Depends(get_sign_ups)]
Administration = Annotated[UserAdministration, Depends(get_user_administration)]
UserCredentials = Annotated[Credentials, Depends(get_credentials)]
AddressChanges = Annotated[EmailChanges, Depends(get_email_changes)]
Clients = Annotated[ClientDirectory, Depends(get_clients)]
Keys = Annotated[SigningKeys, Depends(get_keys)]
Statuses = Annotated[StatusList, Depends(get_status_list)]
Revocations = Annotated[Revocation, Depends(get_revocation)]
IssuedTokens = Annotated[AccessTokenVerifier, Depends(get_issued_tokens)]
KnownResources = Annotated[Resources, Depends(get_resources)]
SupportedGrants = Annotated[Grants, Depends(get_grants)]
CodeGrant = Annotated[AuthorizationCodeGrant, Depends(get_code_grant)]
AuthorizationRequests = Annotated[Authorization, Depends(get_authorization)]
IdTokens = Annotated[IdTokenReader, Depends(get_id_tokens)]
LogoutRequests = Annotated[LogoutRequestReader, Depends(get_logouts)]
SignInForm = Annotated[SignInPage, Depends(get_sign_in_page)]

_EVERYDAY = frozenset({"the token has expired", "the token was revoked"})


class AuditedBearer(Bearer):
    """The bearer scheme of auth, which notes forged tokens, and tokens that may not administer."""

    async def __call__(  # type: ignore[override]  # as in `Bearer`
        self, request: HTTPConnection, needed: SecurityScopes
    ) -> Principal:
        """See `Bearer.__call__`."""
        try:
            return await super().__call__(request, needed)
        except UnusableToken as refusal:
            if refusal.reason not in _EVERYDAY:
                await _note_refusal(request, Event.TOKEN_REFUSED, reason=refusal.reason)
            raise
        except InsufficientScope:
            if "auth:admin" in needed.scopes:
                principal = await super().__call__(request, SecurityScopes())
                await _note_refusal(request, Event.ACCESS_DENIED, actor=principal.subject)
            raise


async def _note_refusal(
    request: HTTPConnection, event: Event, actor: str | None = None, **details: str
) -> None:
    context = await get_audit_context(request)
    context.actor = actor
    route = getattr(request.scope.get("endpoint"), "__name__", "unknown")
    await _container(request).repeated.note(event, actor, context, route=route, **details)


bearer = AuditedBearer(auth_url="", scopes=scope_list().descriptions)


class UserRequired(Challenge):
    """The token is a client's own."""

    status, code = 403, "user_required"

    def __init__(self) -> None:
        super().__init__(
            "This needs the access token of a user; this one is a client's own.",
            error="insufficient_scope",
        )


class FirstPartyRequired(Challenge):
    """The token was issued to a registered client, which may not do this whatever the token's scopes are."""

    status, code = 403, "first_party_required"

    def __init__(self) -> None:
        super().__init__(
            "This needs an access token of the built-in client; this one is another application's.",
            error="insufficient_scope",
        )


async def get_audit_context(request: HTTPConnection) -> AuditContext:
    """Where the request comes from. FastAPI makes it once for each request, so all who ask share one."""
    return AuditContext(
        address=request.client.host if request.client else None,
        request_id=request.state.request_id,
    )


Context = Annotated[AuditContext, Depends(get_audit_context)]


async def get_browser_session(
    request: Request, cookies: SessionCookies, browsers: Browsers
) -> BrowserSession | None:
    """The session of the browser that asks, by its cookie; None where nobody is signed in."""
    return await browsers.find(cookies.values(request))


BrowserSessionIfAny = Annotated[BrowserSession | None, Depends(get_browser_session)]


async def get_current_user(
    request: Request,
    needed: SecurityScopes,
    principal: Annotated[Principal, Security(bearer)],
    users: Users,
    context: Context,
) -> User:
    """The signed-in user; auth has the row at hand, so a disabled user's token ends here at once.

    What is first-party is checked here too: a token may be older than the rule by which it was issued.
    """
    if principal.client_id != FIRST_PARTY_CLIENT and scope_list().first_party.intersection(
        needed.scopes
    ):
        await _note_refusal(request, Event.ACCESS_DENIED, actor=principal.subject)
        raise FirstPartyRequired
    try:
        user_id = UUID(principal.subject)
    except ValueError:  # a client that speaks for itself
        await _note_refusal(request, Event.ACCESS_DENIED, actor=principal.subject)
        raise UserRequired from None
    user = await users.find(user_id)
    if user is None or user.disabled:
        raise UnusableToken("its user is disabled or gone")
    context.set_actor(str(user.id))
    return user


ProfileReader = Annotated[User, Security(get_current_user, scopes=["auth:profile"])]
AccountOwner = Annotated[User, Security(get_current_user, scopes=["auth:account"])]


async def get_administrator(
    request: Request,
    user: Annotated[User, Security(get_current_user, scopes=["auth:admin"])],
) -> User:
    """The role is read from the database: a token outlives it by minutes."""
    if user.role is not Role.ADMIN:
        await _note_refusal(request, Event.ACCESS_DENIED, actor=str(user.id))
        raise InsufficientScope("auth:admin")
    return user


Administrator = Annotated[User, Depends(get_administrator)]


async def get_administrator_if_any(request: Request, users: Users, context: Context) -> User | None:
    """The administrator, or None for a request without credentials; bad credentials are refused."""
    if "authorization" not in request.headers:
        return None
    needed = SecurityScopes(["auth:admin"])
    principal = await bearer(request, needed)
    user = await get_current_user(request, needed, principal, users, context)
    return await get_administrator(request, user)


AdministratorIfAny = Annotated[User | None, Depends(get_administrator_if_any)]
