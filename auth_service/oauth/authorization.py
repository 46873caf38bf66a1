"""Authorization requests (RFC 6749 section 4.1): who asks for what, and where the answer may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode, urlsplit

from auth_service.clients.authentication import Clients, require_grant
from auth_service.clients.client import Client
from auth_service.clients.documents import DocumentRefused
from auth_service.clients.redirect_uris import LOOPBACK, is_registered
from auth_service.oauth import scopes
from auth_service.oauth.pkce import METHOD, is_challenge
from auth_service.oauth.requests import (
    PROMPTS,
    InvalidRequest,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnsupportedResponseType,
)
from auth_service.oauth.resources import Resources, Target
from auth_service.oauth.store import CodeBinding
from auth_service.sessions.browser.store import BrowserSession
from gatehouse_chassis.database.columns import now
from gatehouse_chassis.services import ServiceEntry

_REFUSED = {
    "request": RequestNotSupported,
    "request_uri": RequestUriNotSupported,
    "registration": RegistrationNotSupported,
}
"""The parameters of OpenID Connect Core sections 6 and 7 that would change the request, so they cannot be ignored."""

MAX_NONCE_CHARS = 512

_MAX_AGE_DIGITS = 9


class UntrustedRequest(Exception):
    """The client or the redirect URI is not known, so only the person is told; `str()` is a sentence for them."""


@dataclass(frozen=True, slots=True)
class RedirectTarget:
    """Where the browser is sent with the answer to an authorization request."""

    client: Client
    redirect_uri: str
    """Empty where the built-in client left it out: the answer goes to the portal."""

    location: str
    """The redirect URI, or the same place relative to the authorization endpoint."""

    state: str | None
    issuer: str

    def address(self, **answer: str) -> str:
        """Where the browser is sent, with the answer, `state`, and `iss` against mix-up (RFC 9207)."""
        parameters = {**answer, "iss": self.issuer}
        if self.state is not None:
            parameters["state"] = self.state
        # %20 and not +, which clients that decode as scripts do (Swagger UI) would show.
        query = urlencode(parameters, quote_via=quote, safe="")
        return f"{self.location}{'&' if '?' in self.location else '?'}{query}"

    def refusal(self, error: str, description: str) -> str:
        """Where the browser is sent with an error (RFC 6749 section 4.1.2.1)."""
        return self.address(error=error, error_description=description)


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be granted when a person signs in."""

    target: RedirectTarget
    wanted: Target
    """All that is granted to a person who allows it: what the page lists."""

    binding: CodeBinding
    """What the exchange of the code must repeat."""

    nonce: str | None
    """For the ID token."""

    prompts: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    """How long ago the person may have signed in at most."""

    login_hint: str = ""
    """The user name that the application expects."""

    expected_user: str | None = None
    """The id of the user for whom alone the answer may be: `id_token_hint` names it."""

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown."""
        return "none" in self.prompts

    @property
    def needs_no_consent(self) -> bool:
        """Whether the person need not be asked: the built-in client is this deployment itself."""
        return self.target.client.is_first_party and "consent" not in self.prompts

    @property
    def may_be_remembered(self) -> bool:
        """Whether a consent of before may answer for the person.

        Not where anybody could be asking: a public client whose answer goes to a program on the person's computer shows
        neither a secret nor an address that it alone can have (RFC 8252 section 8.6, RFC 9700 section 4.1.1).
        """
        client = self.target.client
        at = urlsplit(self.target.redirect_uri)
        is_assured = client.confidential or (at.scheme == "https" and at.hostname not in LOOPBACK)
        return is_assured and "consent" not in self.prompts

    def is_for_another(self, session: BrowserSession) -> bool:
        """Whether the application expects another user than the one who is signed in."""
        return self.expected_user is not None and self.expected_user != str(session.user.id)

    def needs_sign_in(self, session: BrowserSession) -> bool:
        """Whether the person must prove who they are again."""
        if not self.prompts.isdisjoint(("login", "select_account")):
            return True
        if self.is_for_another(session):
            return True
        return self.max_age is not None and now() - session.signed_in_at > self.max_age


class Authorization:
    """Reads authorization requests.

    Args:
        clients: who may ask.
        resources: what may be named as `resource`.
        public_url: where the public finds the stack.
        services: the list of services; the docs pages of ours are redirect URIs of the built-in client.
    """

    def __init__(
        self,
        clients: Clients,
        resources: Resources,
        public_url: str,
        services: Mapping[str, ServiceEntry],
    ) -> None:
        self._clients = clients
        self._resources = resources
        self._public_url = public_url
        prefix = services["auth"].prefix
        self._issuer = f"{public_url}{prefix}"
        # From the authorization endpoint to the root of the stack.
        self._to_root = "/".join([".."] * prefix.count("/"))
        # The common page's path is the end of the others', so it is looked for last.
        self._own_pages = [
            f"{service.prefix}/docs/oauth2-redirect"
            for service in services.values()
            if service.is_ours
        ]
        self._own_pages.append("/docs/oauth2-redirect")

    async def redirect_target(self, parameters: dict[str, str], host: str) -> RedirectTarget:
        """Where the answer goes.

        Args:
            parameters: of the request.
            host: the host and port that the browser asked.

        Raises:
            UntrustedRequest: the client or its redirect URI is unknown, so a redirect could lead anywhere.
            TryLater: the client cannot be looked up now.
        """
        try:
            client = await self._clients.find_or_fetch(parameters.get("client_id", ""))
        except DocumentRefused as refusal:
            raise UntrustedRequest(str(refusal)) from None
        if client is None:
            raise UntrustedRequest("The application that sent you here is not known.")
        redirect_uri = parameters.get("redirect_uri") or client.default_redirect_uri
        if client.is_first_party and not redirect_uri:
            # The portal, which does not know the address at which auth sees it (a proxy may change the host), and need
            # not: this is right under every one.
            location: str | None = f"{self._to_root}/"
        else:
            location = self._location(client, redirect_uri, host)
        if location is None:
            raise UntrustedRequest(
                f"The application {client.name} asks for the answer at an address that is not registered for it."
            )
        return RedirectTarget(client, redirect_uri, location, parameters.get("state"), self._issuer)

    def read(self, parameters: dict[str, str], target: RedirectTarget) -> AuthorizationRequest:
        """What is asked for.

        Raises:
            InvalidRequest, UnsupportedResponseType, GrantNotAllowed, ScopeNotGranted, UnknownResource: it cannot be
                granted to any user.
            RequestNotSupported, RequestUriNotSupported, RegistrationNotSupported: it holds what is not read here.
        """
        for name, refusal in _REFUSED.items():
            if name in parameters:
                raise refusal(f"the parameter {name} is not supported")
        response_type = parameters.get("response_type")
        if response_type is None:
            raise InvalidRequest("the parameter response_type is missing")
        if response_type != "code":
            raise UnsupportedResponseType("the response type must be code")
        if parameters.get("response_mode", "query") != "query":
            raise InvalidRequest("the response mode must be query")
        require_grant(target.client, "authorization_code")
        scope = scopes.asked_by(target.client, parameters.get("scope"))
        challenge = _challenge_in(parameters, target.client, scope)
        nonce = parameters.get("nonce")
        if nonce is not None and len(nonce) > MAX_NONCE_CHARS:
            raise InvalidRequest(f"a nonce has {MAX_NONCE_CHARS} characters at most")
        wanted = self._resources.narrow(scope, parameters.get("resource"))
        sent = parameters.get("redirect_uri", "")
        return AuthorizationRequest(
            target,
            wanted,
            CodeBinding(target.client.client_id, sent, challenge),
            nonce,
            _prompts_in(parameters),
            _max_age_in(parameters),
            parameters.get("login_hint", ""),
        )

    def _location(self, client: Client, redirect_uri: str, host: str) -> str | None:
        if client.is_first_party:
            return self._location_of_own_page(redirect_uri, host)
        native = not client.confidential
        registered = is_registered(redirect_uri, client.redirect_uris, native=native)
        return redirect_uri if registered else None

    def _location_of_own_page(self, redirect_uri: str, host: str) -> str | None:
        """Own pages are named relative to the authorization endpoint, so the code cannot leave this deployment.

        So an outer prefix may stay unannounced: whatever stands before the page in the redirect URI, the browser goes
        to the page of the deployment that it is at.
        """
        try:
            at = urlsplit(redirect_uri)
        except ValueError:
            return None
        for page in self._own_pages:
            if redirect_uri == self._public_url + page:
                is_here = at.netloc.lower() == host.lower()
                return f"{self._to_root}{page}" if is_here else redirect_uri
            if (
                redirect_uri == f"{at.scheme}://{at.netloc}{at.path}"
                and at.scheme in ("http", "https")
                and at.netloc.lower() == host.lower()
                and at.path.endswith(page)
            ):
                return f"{self._to_root}{page}"
        return None


def _challenge_in(parameters: Mapping[str, str], client: Client, scope: str) -> str:
    """The code challenge; empty where a client that has a secret asks for an ID token and sends none.

    OpenID Connect Core knows no PKCE, and many applications that speak it send none. Who steals a code of theirs would
    need the secret too (RFC 9700 section 2.1.1 recommends PKCE to them, and demands it of public clients).
    """
    challenge, method = (
        parameters.get("code_challenge", ""),
        parameters.get("code_challenge_method"),
    )
    if not challenge and method is None and client.confidential and scopes.OPENID in scope.split():
        return ""
    if method != METHOD or not is_challenge(challenge):
        raise InvalidRequest(f"a code_challenge with code_challenge_method={METHOD} is needed")
    return challenge


def _prompts_in(parameters: Mapping[str, str]) -> frozenset[str]:
    prompts = frozenset(parameters.get("prompt", "").split())
    if not prompts <= set(PROMPTS):
        raise InvalidRequest(f"prompt may hold {', '.join(PROMPTS)}")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequest("prompt=none cannot be joined with another prompt")
    return prompts


def _max_age_in(parameters: Mapping[str, str]) -> timedelta | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_AGE_DIGITS):
        raise InvalidRequest("max_age must be a number of seconds")
    return timedelta(seconds=int(text))
