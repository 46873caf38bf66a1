"""`/auth/audit`: what happened, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query

from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.dependencies import Administrator
from auth_service.schemas import AuditRecord
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, encode_cursor
from gatehouse_chassis.http.text import STORABLE

About = Annotated[str | None, STORABLE, Query(max_length=100)]


def audit_routes(log: AuditStore) -> APIRouter:
    """The routes, on the entries of `log`."""
    router = APIRouter(prefix="/audit", tags=["audit"])

    @router.get("", response_model=Page[AuditRecord], responses=protected())
    async def read_audit_log(
        _admin: Administrator,
        page: Paging,
        event: Event | None = None,
        subject: About = None,
        actor: About = None,
    ) -> dict[str, object]:
        """What happened, newest first (administrators). Entries are never changed or deleted."""
        found = await log.list(
            most=page.limit + 1, before=page.before, event=event, subject=subject, actor=actor
        )
        listed = found[: page.limit]
        more = len(found) > page.limit
        return {"items": listed, "next_cursor": encode_cursor(listed[-1].id) if more else None}

    return router
