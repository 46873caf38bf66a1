"""Logout requests (OpenID Connect RP-Initiated Logout section 2): whom they sign out, and where the browser may go."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from auth_service.clients.authentication import Clients
from auth_service.oauth.id_tokens import IdTokenReader
from gatehouse_chassis.auth.access_tokens import InvalidToken


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What an application asks for.

    Attributes:
        subject: the user whom its ID token names; None without a valid one.
        application: its name, where it is known.
        redirect_uri: where the browser goes then; empty where the request names no registered address.
        state: what the application wants back.
    """

    subject: str | None = None
    application: str = ""
    redirect_uri: str = ""
    state: str | None = None

    @property
    def address(self) -> str:
        """Where the browser goes, with the state; empty where it stays."""
        if not self.redirect_uri or self.state is None:
            return self.redirect_uri
        query = urlencode({"state": self.state}, quote_via=quote, safe="")
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"


@dataclass(frozen=True, slots=True)
class LogoutRequestReader:
    """Reads logout requests."""

    clients: Clients
    id_tokens: IdTokenReader

    async def read(self, parameters: Mapping[str, str]) -> LogoutRequest:
        """What the parameters ask for; what they only claim is left out, so that the person is asked."""
        client_id, subject = parameters.get("client_id"), None
        if "id_token_hint" in parameters:
            try:
                hint = await self.id_tokens.read(parameters["id_token_hint"])
            except InvalidToken:
                return LogoutRequest()
            if client_id is not None and client_id != hint.client_id:
                return LogoutRequest()
            client_id, subject = hint.client_id, hint.subject
        client = await self.clients.find(client_id) if client_id is not None else None
        if client is None:
            return LogoutRequest()
        wanted = parameters.get("post_logout_redirect_uri", "")
        if not wanted:
            return LogoutRequest(subject, client.name)
        if wanted not in client.post_logout_redirect_uris:
            return LogoutRequest(None, client.name)
        return LogoutRequest(subject, client.name, wanted, parameters.get("state"))
