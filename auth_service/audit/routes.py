"""`/auth/audit`: what happened, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Query

from auth_service.audit.events import Event, audited
from auth_service.audit.schemas import AuditRecord
from auth_service.dependencies import Administrator, AuditLog, Context
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import ServiceUnavailable, TooManyRequests
from gatehouse_chassis.http.text import STORABLE

router = APIRouter(prefix="/audit", tags=["audit"])

About = Annotated[str | None, STORABLE, Query(max_length=100)]


@router.get(
    "",
    response_model=Page[AuditRecord],
    responses=protected(TooManyRequests, ServiceUnavailable),
    openapi_extra=audited(Event.AUDIT_LOG_READ),
)
async def read_audit_log(
    admin: Administrator,
    log: AuditLog,
    page: Paging,
    context: Context,
    event: Event | None = None,
    subject: About = None,
    actor: About = None,
) -> dict[str, object]:
    """What happened, newest first (administrators). Entries are never changed.

    Reading it is an entry too, which the next reading shows.
    """
    found = await log.list(
        limit=page.limit + 1,
        before=page.before,
        event=event,
        subject=subject,
        actor=actor,
        searcher=admin.id,
    )
    await log.record(Event.AUDIT_LOG_READ, None, context)
    return page_of(found, page)
