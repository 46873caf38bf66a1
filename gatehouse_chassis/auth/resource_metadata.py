"""Protected resource metadata (RFC 9728): tells a client that was refused where to get tokens for this service."""

from collections.abc import Collection
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from gatehouse_chassis.auth.bearer import PROTECTED_RESOURCE, Challenge, metadata_url
from gatehouse_chassis.http.cors import READABLE_BY_ALL
from gatehouse_chassis.http.problems import problem_response


class ResourceMetadata(BaseModel):
    """The metadata's members (RFC 9728 section 2)."""

    resource: str
    resource_name: str | None = None
    resource_documentation: str | None = None
    authorization_servers: list[str]
    bearer_methods_supported: list[str] = ["header"]
    scopes_supported: list[str]


PUBLIC = {"Cache-Control": "public, max-age=300", **READABLE_BY_ALL}
"""Headers of the document: everyone may read and keep it."""


def metadata_routes(
    resource: str, *, issuer: str, scopes: Collection[str], title: str | None = None
) -> APIRouter:
    """The document, at both addresses where clients look for it.

    All addresses are made from the public URL `resource`, as the issuer in every token is, and never from the request:
    a forged Host header could otherwise send clients to a foreign authorization server.

    Args:
        resource: the service's public URL.
        issuer: the authorization server that gives tokens for it.
        scopes: the service's own.
        title: of the service, which then has a docs page.
    """
    document = ResourceMetadata(
        resource=resource,
        resource_name=title,
        resource_documentation=f"{resource}/docs" if title else None,
        authorization_servers=[issuer],
        scopes_supported=sorted(scopes),
    )
    router = APIRouter(tags=["metadata"])

    # RFC 9728 section 3.1: the resource's path comes last, so the proxy must map it; the other needs no such rule.
    @router.get(
        f"{PROTECTED_RESOURCE}{urlsplit(resource).path}",
        include_in_schema=False,
        response_model_exclude_none=True,
    )
    @router.get(PROTECTED_RESOURCE, response_model_exclude_none=True)
    async def resource_metadata(response: Response) -> ResourceMetadata:
        """The metadata of this protected resource (RFC 9728)."""
        response.headers.update(PUBLIC)
        return document

    return router


def name_metadata_in_challenges(app: FastAPI, resource: str) -> None:
    """Adds the metadata's address to every challenge (RFC 9728 section 5.1)."""

    async def answer_challenge(request: Request, challenge: Exception) -> Response:
        assert isinstance(challenge, Challenge)  # noqa: S101  # Starlette picks the handler by the class
        return problem_response(request, challenge.naming(metadata_url(resource)))

    app.add_exception_handler(Challenge, answer_challenge)
