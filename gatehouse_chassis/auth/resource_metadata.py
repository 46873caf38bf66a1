"""Where a client that is refused finds out who gives tokens for this service (RFC 9728)."""

from collections.abc import Collection

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel

from gatehouse_chassis.auth.bearer import Challenge
from gatehouse_chassis.http.problems import problem_response
from gatehouse_chassis.settings import ServiceSettings

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


class ResourceMetadata(BaseModel):
    """RFC 9728 section 2."""

    resource: str
    resource_name: str
    resource_documentation: str
    authorization_servers: list[str]
    bearer_methods_supported: list[str] = ["header"]
    scopes_supported: list[str]


def add_resource_metadata(
    app: FastAPI, settings: ServiceSettings, *, name: str, title: str, scopes: Collection[str]
) -> None:
    """Adds the document, at both addresses where clients look for it, and names it in every challenge.

    Its address and those in it are made of GATEHOUSE_PUBLIC_URL, as the issuer in every token is, and never of the
    request: a made-up Host would otherwise send clients to somebody else's authorization server.
    """
    address = settings.origin + settings.root_path
    document = ResourceMetadata(
        resource=f"{settings.origin}/{name}",
        resource_name=title,
        resource_documentation=f"{address}/docs",
        authorization_servers=[settings.issuer],
        scopes_supported=sorted(scopes),
    )
    router = APIRouter(tags=["metadata"])

    # Section 3.1 puts the resource's path after the well-known part; below the prefix it is right at any proxy.
    @router.get(f"{_WELL_KNOWN}/{name}", include_in_schema=False)
    @router.get(_WELL_KNOWN)
    async def resource_metadata(response: Response) -> ResourceMetadata:
        """The metadata of this protected resource (RFC 9728)."""
        response.headers["Cache-Control"] = "public, max-age=300"
        return document

    async def answer_challenge(request: Request, challenge: Challenge) -> Response:
        return problem_response(request, challenge.naming(f"{address}{_WELL_KNOWN}"))

    app.include_router(router)
    app.add_exception_handler(Challenge, answer_challenge)  # type: ignore[arg-type]  # the narrower handler is meant
