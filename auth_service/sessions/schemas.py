"""What a session looks like."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class SessionPublic(BaseModel):
    """A sign-in that can go on, as its user and administrators see it."""

    id: UUID
    client_id: str
    scope: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
