"""Which OAuth client is asking."""

from base64 import b64decode
from binascii import Error as Base64Error
from hmac import compare_digest
from urllib.parse import unquote_plus

from auth_service.audit.context import AuditContext
from auth_service.clients.assertions import (
    ASSERTION_TYPE,
    Assertions,
    InvalidAssertion,
    client_named_in,
)
from auth_service.clients.client import FIRST_PARTY_CLIENT, Client
from auth_service.clients.documents import ClientDocuments, is_document_url
from auth_service.clients.store import ClientStore
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.oauth.scopes import scope_list
from auth_service.passwords.throttling import ClientSecretGuard


class ClientNotAuthenticated(Exception):
    """The client is unknown, or its credentials are wrong.

    Attributes:
        client_id: of a client that there is.
    """

    def __init__(self, sentence: str, client_id: str | None = None) -> None:
        super().__init__(sentence)
        self.client_id = client_id


class ContradictoryCredentials(Exception):
    """A request names two clients, or holds two proofs of who it is."""


class GrantNotAllowed(Exception):
    """The client was not registered for this grant."""


_WRONG = "there is no such client, or its credentials are wrong"


def first_party_client(*, password_grant: bool) -> Client:
    """The built-in client, the only one that may be allowed to see a user's password."""
    grants = {"authorization_code", "refresh_token"} | ({"password"} if password_grant else set())
    return Client(
        client_id=FIRST_PARTY_CLIENT,
        name="Gatehouse",
        confidential=False,
        grants=frozenset(grants),
        redirect_uris=(),
        scopes=frozenset(scope_list().descriptions),
    )


class Clients:
    """The built-in client and the registered ones."""

    def __init__(
        self,
        store: ClientStore,
        guard: ClientSecretGuard,
        assertions: Assertions,
        built_in: Client,
        documents: ClientDocuments | None = None,
    ) -> None:
        self._store = store
        self._guard = guard
        self._assertions = assertions
        self._built_in = built_in
        self._documents = documents

    async def find(self, client_id: str) -> Client | None:
        """The client with this id."""
        if client_id == self._built_in.client_id:
            return self._built_in
        return await self._stored(client_id)

    async def find_or_fetch(self, client_id: str) -> Client | None:
        """The same for a client that sends a person here: the document that describes it may be fetched.

        Raises:
            DocumentRefused: it cannot be fetched or used.
            TryLater: too many are being fetched.
        """
        if self._documents and is_document_url(client_id):
            return await self._documents.find(client_id)
        return await self.find(client_id)

    async def _stored(self, client_id: str) -> Client | None:
        if not client_id.isprintable() or (not self._documents and is_document_url(client_id)):
            return None
        return await self._store.find(client_id)

    async def authenticate(
        self, form: dict[str, str], authorization: str | None, context: AuditContext
    ) -> Client:
        """The client that sent the form (RFC 6749 section 2.3).

        Swagger UI sends an empty client (`Authorization: Basic Og==`), and curl sends none: both are the built-in one.

        Raises:
            ClientNotAuthenticated: there is no such client, its secret or its signature is wrong, or it is public and
                sent one.
            ContradictoryCredentials: the header and the form name two clients, or hold two proofs.
            TooManyFailedSignIns: too many secrets were wrong; whether this one was right is not said.
        """
        named = [form["client_id"]] if "client_id" in form else []
        secrets = [form["client_secret"]] if "client_secret" in form else []
        if authorization is not None:
            client_id, secret = _basic_credentials(authorization)
            named += [client_id] if client_id else []
            secrets += [secret] if secret else []
        assertion = _assertion_in(form)
        if assertion is not None:
            if secrets:
                raise ContradictoryCredentials("a client proves itself by a secret or a signature")
            named += [client_named_in(assertion) or ""]
        if len(set(named)) > 1:
            raise ContradictoryCredentials("the Authorization header and the form name two clients")
        if len(secrets) > 1:
            raise ContradictoryCredentials(
                "a client proves itself in the header or in the form, not in both"
            )
        client_id = named[0] if named else self._built_in.client_id
        if client_id == self._built_in.client_id:
            if secrets or assertion is not None:
                raise ClientNotAuthenticated(_WRONG, client_id)
            return self._built_in
        client = await self._stored(client_id)
        known_id = client.client_id if client else None
        if assertion is not None:
            return await self._with_assertion(client, assertion)
        if secrets:
            await self._guard.check(known_id, context.address)
        if client is None or not _verify_secret(secrets, client):
            if secrets:
                await self._guard.failed(known_id, context.address)
            raise ClientNotAuthenticated(_WRONG, known_id)
        return client

    async def _with_assertion(self, client: Client | None, assertion: str) -> Client:
        if client is None:
            raise ClientNotAuthenticated(_WRONG)
        try:
            await self._assertions.check(assertion, client)
        except InvalidAssertion as refusal:
            raise ClientNotAuthenticated(str(refusal), client.client_id) from None
        return client


def require_grant(client: Client, grant: str) -> None:
    """Lets a client do only what it was registered for.

    Raises:
        GrantNotAllowed: it was not registered for this grant.
    """
    if grant not in client.grants:
        raise GrantNotAllowed(f"this client may not use the grant {grant}")


def _verify_secret(secrets: list[str], client: Client) -> bool:
    if client.secret_digest is None:
        # A client with keys must sign.
        return not secrets and not client.confidential
    return bool(secrets) and compare_digest(digest_of(secrets[0]), client.secret_digest)


def _assertion_in(form: dict[str, str]) -> str | None:
    """The client's assertion (RFC 7521 section 4.2), if it sends one."""
    assertion, kind = form.get("client_assertion"), form.get("client_assertion_type")
    if assertion is None and kind is None:
        return None
    if assertion is None or kind != ASSERTION_TYPE:
        raise ClientNotAuthenticated(
            f"a client_assertion has client_assertion_type={ASSERTION_TYPE}"
        )
    return assertion


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """Client id and secret, each form-encoded inside the header (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        client_id, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
        if not colon:
            raise ValueError("no colon")
        return unquote_plus(client_id), unquote_plus(secret)
    except (ValueError, Base64Error):
        raise ClientNotAuthenticated(
            "the Authorization header holds no client credentials"
        ) from None
