"""What an application looks like to the user who has allowed it something."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class ApplicationPublic(BaseModel):
    """An application that may act for the user without asking again."""

    id: UUID
    client_id: str
    name: str
    scope: str
    created_at: datetime
