"""`/auth/status-list`: which access tokens are revoked; `/auth/status-lists`: where that is told."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel

from auth_service.dependencies import Settings, Statuses
from gatehouse_chassis.auth.status_list import MEDIA_TYPE
from gatehouse_chassis.http.cors import READABLE_BY_ALL
from gatehouse_chassis.http.entity_tags import still_has

router = APIRouter(tags=["tokens"])


class StatusLists(BaseModel):
    """The status lists of an issuer (draft-ietf-oauth-status-list-21 section 9.3)."""

    status_lists: list[str]


@router.get("/status-lists")
async def status_lists(settings: Settings, response: Response) -> StatusLists:
    """Where the status of this issuer's tokens is published: one list (section 9)."""
    response.headers.update({"Cache-Control": "public, max-age=300", **READABLE_BY_ALL})
    return StatusLists(status_lists=[f"{settings.issuer}/status-list"])


@router.get(
    "/status-list",
    response_class=Response,
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
        304: {"description": "The client has the current list"},
    },
)
async def status_list(
    statuses: Statuses, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The Status List Token (draft-ietf-oauth-status-list-21 section 5.1): services fetch it every two seconds."""
    published = await statuses.published()
    headers = {"ETag": published.entity_tag, "Cache-Control": "no-cache", **READABLE_BY_ALL}
    if still_has(if_none_match, published.entity_tag):
        return Response(status_code=304, headers=headers)
    return Response(published.token, headers=headers, media_type=MEDIA_TYPE)
