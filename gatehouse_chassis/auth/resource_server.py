"""A resource server (RFC 6749 section 1.1): protects routes of any FastAPI application with the tokens of an issuer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from fastapi import APIRouter
from starlette.types import ASGIApp

from gatehouse_chassis.auth.access_tokens import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    AccessTokenVerifier,
    Clock,
    KeysUnavailable,
    Principal,
    VerificationKeys,
)
from gatehouse_chassis.auth.bearer import Bearer
from gatehouse_chassis.auth.discovery import IssuerDocuments, find_documents
from gatehouse_chassis.auth.issuer_documents import TIMEOUT, http_client
from gatehouse_chassis.auth.issuer_keys import (
    FIRST_RETRY_AFTER,
    REFRESH_AFTER,
    RETRY_AFTER,
    IssuerKeys,
)
from gatehouse_chassis.auth.protected_app import ProtectedApp
from gatehouse_chassis.auth.resource_metadata import ResourceMetadata, metadata_routes
from gatehouse_chassis.auth.status_list import StatusList

log = logging.getLogger(__name__)


class ResourceServer:
    """Checks the access tokens (RFC 9068) of one issuer offline: no request asks the issuer.

    Keys and status list are fetched in the background: from the first token on, or from the start where a lifespan
    runs `keep_fresh`. While the issuer is down, its last documents count.

    Args:
        issuer: the exact `iss` of its tokens.
        audience: what its tokens call this service in `aud`; without it, only tokens that name `resource` are taken.
        scopes: what each scope of this service allows, for the *Authorize* dialog and the metadata.
        resource: the public URL of this service, which tokens may name in `aud` too; it has metadata (RFC 9728).
        algorithms: which of ES256, RS256, PS256 and EdDSA the issuer's keys are for; each key is for one.
        auth_url: the issuer as Swagger UI reaches it, absolute or relative to the docs page (`../auth/`).
        token_url: its token endpoint, unless it is `token` below `auth_url`.
        authorization_url: its authorization endpoint, unless it is `authorize` below `auth_url`.
        metadata_url: where its metadata is, unless it is at one of the usual addresses.
        jwks_url: where its keys are; with it, no metadata is read.
        status_list_url: where its Token Status List is, when `jwks_url` is given.
        status_list_uri: what tokens call that list, unless it is `status_list_url`.
        keep_in: a folder for its last documents, so that a service can start while the issuer is down.
        refresh_after: seconds between two fetches of the keys.
        new_client: makes the HTTP client for a URL; tests pass a fake transport.
        clock: seconds since the epoch.

    Raises:
        ValueError: `algorithms` has another one, `issuer` is no URL, or neither `audience` nor `resource` is given.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str | None = None,
        scopes: Mapping[str, str] | None = None,
        resource: str | None = None,
        algorithms: Collection[str] = DEFAULT_ALGORITHMS,
        auth_url: str | None = None,
        token_url: str | None = None,
        authorization_url: str | None = None,
        metadata_url: str | None = None,
        jwks_url: str | None = None,
        status_list_url: str | None = None,
        status_list_uri: str | None = None,
        keep_in: Path | None = None,
        refresh_after: float = REFRESH_AFTER,
        new_client: Callable[[str], httpx2.AsyncClient] = http_client,
        clock: Clock = time.time,
    ) -> None:
        if unknown := sorted(set(algorithms).difference(ALGORITHMS)):
            raise ValueError(
                f"algorithms has {', '.join(unknown)}; known are {', '.join(ALGORITHMS)}."
            )
        url = urlsplit(issuer)
        if url.scheme not in ("https", "http") or not url.hostname or url.port == 0:
            raise ValueError(
                f"issuer is {issuer!r}; it must be a URL such as https://id.example.com."
            )
        audience = audience or resource
        if not audience:
            raise ValueError("audience or resource is needed: what tokens call this service.")
        self.issuer = issuer
        self.scopes = dict(scopes or {})
        self.resource = resource
        self.bearer = Bearer(
            f"{issuer.rstrip('/')}/" if auth_url is None else auth_url,
            self.scopes,
            token_url=token_url,
            authorization_url=authorization_url,
            verifier=self,
            resource=resource,
        )
        """The security scheme: `Security(server.bearer, scopes=["notes:read"])` gives a route its `Principal`."""
        self._new_verifier = partial(
            AccessTokenVerifier, audience=audience, resource=resource, clock=clock
        )
        self._algorithms = algorithms
        self._metadata_url = metadata_url
        self._given = jwks_url and IssuerDocuments(jwks_url, status_list_url, status_list_uri)
        self._keep_in = keep_in
        self._refresh_after = refresh_after
        self._new_client = new_client
        self._clock = clock
        self._trusted_by_a_test: AccessTokenVerifier | None = None
        self._verifier: AccessTokenVerifier | None = None
        self._keys: IssuerKeys | None = None
        self._status_list: StatusList | None = None
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()

    @cached_property
    def metadata(self) -> APIRouter:
        """The metadata of this protected resource (RFC 9728): `app.include_router(server.metadata)`.

        Raises:
            ValueError: no `resource` was given.
        """
        if self.resource is None:
            raise ValueError(
                "Metadata needs ResourceServer(resource=...), the service's public URL."
            )
        return metadata_routes(self.resource, issuer=self.issuer, scopes=self.scopes)

    def protect(self, app: ASGIApp, *, scopes: Sequence[str] = ()) -> ASGIApp:
        """`app` as this resource: every request needs a token with these scopes, and its metadata is answered for it.

        For what is no FastAPI, such as an MCP server: `app = server.protect(mcp.streamable_http_app(), scopes=[...])`.
        The application finds who is asking in `request.state.principal`.

        Raises:
            ValueError: no `resource` was given.
        """
        if self.resource is None:
            raise ValueError(
                "protect needs ResourceServer(resource=...), the URL that clients are given."
            )
        metadata = ResourceMetadata(
            resource=self.resource,
            authorization_servers=[self.issuer],
            scopes_supported=sorted(self.scopes),
        )
        return ProtectedApp(app, bearer=self.bearer, metadata=metadata, scopes=scopes)

    async def verify(self, token: str) -> Principal:
        """The user and the client that `token` was issued for.

        Raises:
            WrongAudience: it is for another service.
            InvalidToken: it is malformed, from another issuer, revoked or not valid now.
            KeysUnavailable: it cannot be checked now.
        """
        if self._trusted_by_a_test:
            return await self._trusted_by_a_test.verify(token)
        self._start()
        await self._tried.wait()
        if self._verifier is None:
            raise KeysUnavailable(f"nothing is known of {self.issuer} yet")
        return await self._verifier.verify(token)

    async def keep_fresh(self) -> None:
        """Fetches keys and status list ahead of need, for as long as the service runs."""
        await self._start()

    @property
    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """For a readiness probe: each raises as long as it lacks what it is called after."""
        return {"issuer_keys": self._check_keys, "status_list": self._check_status_list}

    @contextmanager
    def trusting(self, issuer: str, keys: VerificationKeys) -> Iterator[None]:
        """For tests: the tokens of this issuer are accepted, and no others (`gatehouse_chassis.testing`)."""
        self._trusted_by_a_test = self._new_verifier(issuer=issuer, keys=keys)
        try:
            yield
        finally:
            self._trusted_by_a_test = None

    def _start(self) -> asyncio.Task[None]:
        """The work in the background, which begins anew on another event loop, as tests have one each."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._tried = asyncio.Event()
            self._task = loop.create_task(self._run(), name=f"keep_fresh of {self.issuer}")
        return self._task

    async def _run(self) -> None:
        try:
            await self._fetch_ahead()
        finally:
            self._tried.set()  # whatever became of it, no request waits any longer

    async def _fetch_ahead(self) -> None:
        documents = self._given or await self._find_documents()
        self._keys = keys = IssuerKeys(
            documents.jwks_url,
            self._keep_in and self._keep_in / "issuer-keys.json",
            algorithms=self._algorithms,
            client=partial(self._new_client, documents.jwks_url),
            refresh_after=self._refresh_after,
            clock=self._clock,
        )
        if documents.status_list_url:
            self._status_list = StatusList(
                documents.status_list_url,
                uri=documents.status_list_uri or documents.status_list_url,
                kept_in=self._keep_in and self._keep_in / "status-list.jwt",
                keys=keys,
                client=partial(self._new_client, documents.status_list_url),
                clock=self._clock,
            )
        self._verifier = self._new_verifier(
            issuer=self.issuer, keys=keys, revocations=self._status_list
        )
        async with asyncio.TaskGroup() as work:
            work.create_task(keys.keep_fresh())
            if self._status_list:
                work.create_task(self._status_list.keep_fresh())
                await self._status_list.first_try()
            self._tried.set()

    async def _find_documents(self) -> IssuerDocuments:
        pause = FIRST_RETRY_AFTER
        while True:
            try:
                async with asyncio.timeout(TIMEOUT):
                    return await find_documents(
                        self.issuer, self._new_client, metadata_url=self._metadata_url
                    )
            except Exception as error:  # of whatever kind: the requests that wait must hear of it
                cause = str(error) or repr(error)
                log.warning("issuer_not_found: %s: %s", self.issuer, cause)
            self._tried.set()
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_AFTER)

    async def _check_keys(self) -> None:
        if self._keys is None:
            raise KeysUnavailable(f"nothing is known of {self.issuer} yet")
        await self._keys.check()

    async def _check_status_list(self) -> None:
        if self._status_list:
            await self._status_list.check()
