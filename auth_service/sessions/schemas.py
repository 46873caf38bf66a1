"""What a session looks like."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class SessionPublic(BaseModel):
    """A sign-in that can go on, as its user and administrators see it."""

    id: UUID
    client_id: str
    scope: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    browser: bool = Field(
        description="Whether it is a browser's; what applications were granted in that browser ends with it."
    )
