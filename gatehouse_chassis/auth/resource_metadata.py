"""Protected resource metadata (RFC 9728): tells a client that was refused where to get tokens for this service."""

from collections.abc import Collection

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from gatehouse_chassis.auth.bearer import Challenge
from gatehouse_chassis.http.cors import READABLE_BY_ALL
from gatehouse_chassis.http.problems import problem_response
from gatehouse_chassis.settings import ServiceSettings

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


class ResourceMetadata(BaseModel):
    """The metadata's members (RFC 9728 section 2)."""

    resource: str
    resource_name: str
    resource_documentation: str
    authorization_servers: list[str]
    bearer_methods_supported: list[str] = ["header"]
    scopes_supported: list[str]


def add_resource_metadata(
    app: FastAPI, settings: ServiceSettings, *, title: str, scopes: Collection[str]
) -> None:
    """Adds the document at both addresses where clients look for it, and its address to every challenge.

    All addresses are made from GATEHOUSE_PUBLIC_URL, as the issuer in every token is, and never from the request: a
    forged Host header could otherwise send clients to a foreign authorization server.
    """
    address = settings.resource
    document = ResourceMetadata(
        resource=address,
        resource_name=title,
        resource_documentation=f"{address}/docs",
        authorization_servers=[settings.issuer],
        scopes_supported=sorted(scopes),
    )
    router = APIRouter(tags=["metadata"])

    # RFC 9728 section 3.1: the resource's path comes last, so the proxy must map it; the other needs no such rule.
    @router.get(f"{_WELL_KNOWN}{settings.root_path}", include_in_schema=False)
    @router.get(_WELL_KNOWN)
    async def resource_metadata(response: Response) -> ResourceMetadata:
        """The metadata of this protected resource (RFC 9728)."""
        response.headers.update({"Cache-Control": "public, max-age=300", **READABLE_BY_ALL})
        return document

    async def answer_challenge(request: Request, challenge: Challenge) -> Response:
        return problem_response(request, challenge.naming(f"{address}{_WELL_KNOWN}"))

    app.include_router(router)
    app.add_exception_handler(Challenge, answer_challenge)  # type: ignore[arg-type]  # the narrower handler is meant
