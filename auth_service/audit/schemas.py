"""The audit log, as administrators read it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from auth_service.audit.events import Event


class AuditRecord(BaseModel):
    """One entry of the audit log."""

    id: UUID
    at: datetime
    event: Event
    subject: str | None = Field(description="the user, client or key that it happened to")
    actor: str | None = Field(description="the user who did it, or command:uid=<number>(<name>)")
    address: str | None
    request_id: str | None
    details: dict[str, str]
