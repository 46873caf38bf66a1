"""The grants of the token endpoint: what each takes, and when it gives tokens for it.

A new grant is a class here with its name in `GRANT_TYPES`, an entry in `auth_service.container`, and its name in
`auth_service.clients.schemas.Grant`, so that clients can be registered for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.repeated import RepeatedEvents
from auth_service.clients.authentication import require_grant
from auth_service.clients.client import Client
from auth_service.oauth import scopes
from auth_service.oauth.issuer import TokenIssuer
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.oauth.pkce import challenge_of
from auth_service.oauth.requests import (
    InvalidGrant,
    InvalidRequest,
    UnsupportedGrantType,
    required,
)
from auth_service.oauth.resources import Resources, Target
from auth_service.oauth.schemas import TokenResponse
from auth_service.oauth.store import CodeBinding, CodeStore
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.revocation.status_list import StatusList
from auth_service.sessions.browser.store import BrowserSession
from auth_service.sessions.store import Refusal, Session, SessionStore
from auth_service.users.schemas import Role
from gatehouse_chassis.database.columns import now

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", "password")

CODE_LIFE = timedelta(seconds=60)
"""Long enough for a redirect and a request (RFC 6749 section 4.1.2 allows ten minutes)."""

MAX_SIGN_IN_ATTEMPTS = 3
"""How often a password is verified when the user is changed while it is verified."""


class Grant(Protocol):
    """Exchanges a form of the token endpoint for tokens.

    All that it stores is one transaction: after a failure of ours, such as a lost database, the form is still good.

    It raises `ScopeNotGranted` and `UnknownResource` when `scope` or `resource` cannot be granted, and `InvalidRequest`
    when a parameter is missing.
    """

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse: ...


@dataclass(frozen=True, slots=True)
class Grants:
    """The grants of this server by their `grant_type`."""

    by_type: Mapping[str, Grant]
    status_list: StatusList

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse:
        """The tokens that a form of the token endpoint asks for.

        Raises:
            UnsupportedGrantType: there is no such grant.
            GrantNotAllowed: the client was not registered for it.
            StatusListFull: no access token can be issued now; nothing is used up.
        """
        grant_type = required(form, "grant_type")
        grant = self.by_type.get(grant_type)
        if grant is None:
            raise UnsupportedGrantType(f"the grant type must be one of {', '.join(self.by_type)}")
        require_grant(client, grant_type)
        self.status_list.check_capacity()
        return await grant.exchange(form, client, context)


@dataclass(frozen=True, slots=True)
class PasswordGrant:
    """RFC 6749 section 4.3: a username and a password.

    RFC 9700 section 2.4 forbids it to new clients; only the built-in client may use it.
    """

    authentication: PasswordAuthentication
    sessions: SessionStore
    resources: Resources
    issuer: TokenIssuer
    refresh_token_life: timedelta

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse:
        """Tokens for the user.

        Raises:
            WrongCredentials: there is no such user with this password.
            HashingBusy, TooManyFailedSignIns: too many sign in at once, or failed to.
        """
        username, password = required(form, "username"), required(form, "password")
        for _ in range(MAX_SIGN_IN_ATTEMPTS):
            user = await self.authentication.user(username, password, context)
            granted = scopes.grant(form.get("scope"), user.role, client)
            target = self.resources.narrow(granted, form.get("resource"))
            refresh_token, digest = new_opaque_token()
            unsigned = await self.issuer.draft(client)
            number = await self.sessions.start(
                user.id,
                granted,
                digest,
                now() + self.refresh_token_life,
                access_token=unsigned.stored,
                known_hash=user.password_hash,
                known_role=user.role,
                context=context,
            )
            if number is not None:
                return unsigned.sign(str(user.id), target, number, refresh_token)
        raise InvalidGrant("the user was changed during the sign-in; sign in again")


@dataclass(frozen=True, slots=True)
class AuthorizationCodeGrant:
    """RFC 6749 section 4.1 with PKCE (RFC 7636): a code, which a sign-in in the browser gave."""

    codes: CodeStore
    resources: Resources
    issuer: TokenIssuer
    refresh_token_life: timedelta

    def require_grantable(self, session: BrowserSession, client: Client, wanted: Target) -> None:
        """Checks, before the person is asked, that the user may have what is asked for.

        Raises:
            ScopeNotGranted: the user may not have what is asked for.
        """
        scopes.grant(wanted.scope, session.user.role, client)

    async def issue_code(
        self,
        session: BrowserSession,
        client: Client,
        binding: CodeBinding,
        wanted: Target,
        nonce: str | None = None,
    ) -> str:
        """An authorization code for a browser in which a user is signed in (RFC 6749 section 4.1.2).

        Args:
            nonce: of the request, for the ID token.
        """
        code, digest = new_opaque_token()
        await self.codes.add(digest, session, binding, wanted, now() + CODE_LIFE, nonce)
        return code

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse:
        """Tokens for the code (RFC 6749 section 4.1.3, RFC 7636 section 4.6).

        The role of the user may have changed since the code was issued, so it is asked again.

        Raises:
            InvalidGrant: the code is unknown, used, expired, or given for another client, redirect URI or verifier; or
                its user may not have any of its scopes any more.
        """
        code, verifier = required(form, "code"), form.get("code_verifier")
        redirect_uri = form.get("redirect_uri", "")
        # The built-in client may leave it out: then the code went to the portal.
        if not (redirect_uri or client.default_redirect_uri or client.is_first_party):
            raise InvalidRequest("the parameter redirect_uri is missing")
        # A code that was given without a challenge is exchanged without a verifier (RFC 9700 section 4.8).
        challenge = challenge_of(verifier) if verifier is not None else ""
        if challenge is None:
            raise InvalidRequest("the code_verifier has 43 to 128 letters, digits and -._~")

        def narrow(wanted: Target, role: Role) -> Target:
            kept = _still_granted(wanted.scope, role, client)
            return self.resources.narrow(kept, form.get("resource"), granted=wanted.resource)

        # The built-in client asks for its next access token by the browser's cookie.
        renewable = "refresh_token" in client.grants and not client.is_first_party
        refresh_token, digest = new_opaque_token() if renewable else (None, None)
        unsigned = await self.issuer.draft(client)
        exchanged = await self.codes.exchange(
            digest_of(code),
            CodeBinding(client.client_id, redirect_uri, challenge),
            digest,
            now() + self.refresh_token_life,
            access_token=unsigned.stored,
            accept=narrow,
            context=context,
        )
        if isinstance(exchanged, Refusal):
            raise InvalidGrant(
                "the code is unknown, used or expired, or the client, redirect_uri or code_verifier is not its own"
            )
        session, target, number, sign_in = exchanged
        return unsigned.sign(str(session.user_id), target, number, refresh_token, sign_in)


@dataclass(frozen=True, slots=True)
class RefreshTokenGrant:
    """RFC 6749 section 6, with rotation and the detection of reuse of RFC 9700 section 4.14.2."""

    sessions: SessionStore
    resources: Resources
    issuer: TokenIssuer
    refresh_token_life: timedelta

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse:
        """Tokens of the same session. When more is asked for than was granted, the refresh token stays valid.

        Raises:
            InvalidGrant: the token is unknown, used, expired or revoked, or its user is disabled.
        """

        def narrow(session: Session, role: Role) -> Target:
            asked = scopes.narrow(form.get("scope"), session.scope)
            kept = _still_granted(asked, role, client)
            return self.resources.narrow(kept, form.get("resource"), granted=session.resource)

        digest = digest_of(required(form, "refresh_token"))
        new_token, new_digest = new_opaque_token()
        unsigned = await self.issuer.draft(client)
        exchanged = await self.sessions.exchange(
            digest,
            new_digest,
            now() + self.refresh_token_life,
            access_token=unsigned.stored,
            accept=narrow,
            context=context,
        )
        if isinstance(exchanged, Refusal):
            raise InvalidGrant("the refresh token is unknown, used, expired or revoked")
        session, target, number, sign_in = exchanged
        return unsigned.sign(str(session.user_id), target, number, new_token, sign_in)


@dataclass(frozen=True, slots=True)
class ClientCredentialsGrant:
    """RFC 6749 section 4.4: the client speaks for itself, so `sub` is its id. There is nothing to refresh."""

    resources: Resources
    issuer: TokenIssuer
    repeated: RepeatedEvents

    async def exchange(
        self, form: Mapping[str, str], client: Client, context: AuditContext
    ) -> TokenResponse:
        """An access token of the client's own."""
        granted = scopes.grant_to_client(form.get("scope"), client)
        target = self.resources.narrow(granted, form.get("resource"))
        tokens = await self.issuer.issue(client.client_id, client, target)
        about = {"scope": target.scope}
        await self.repeated.note(Event.CLIENT_TOKEN_ISSUED, client.client_id, context, **about)
        return tokens


def _still_granted(scope: str, role: Role, client: Client) -> str:
    kept = scopes.keep(scope, role, client)
    if scope and not kept:
        raise InvalidGrant("the user may not have any of these scopes any more")
    return kept
