"""A bare FastAPI application: no database, no token, no middleware; answers of the size of ours."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import FastAPI, Form
from pydantic import BaseModel

from bench.baselines.settings import BaselineSettings

# The paths are those that nginx hands to the services.
ITEM_PATH = "/items/bare"
FORM_PATH = "/auth/token"


class Item(BaseModel):
    """What `GET /items/{item_id}` gives."""

    id: UUID
    title: str
    description: str
    owner_id: str
    created_at: datetime
    updated_at: datetime


class Token(BaseModel):
    """What `POST /auth/token` gives for client credentials."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


_THEN = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
_ITEM = Item(
    id=UUID("019a0000-0000-7000-8000-000000000001"),
    title="Item 1 of the bench",
    description="",
    owner_id="019a0000-0000-7000-8000-000000000002",
    created_at=_THEN,
    updated_at=_THEN,
)
_TOKEN = Token(
    access_token="x" * 620,  # as long as an access token
    token_type="Bearer",
    expires_in=600,
    scope="items:read items:write",
)


def create_app(_settings: BaselineSettings) -> FastAPI:
    """One route that gives a model, and one that takes a form."""
    app = FastAPI()

    @app.get(ITEM_PATH)
    async def read() -> Item:
        return _ITEM

    @app.post(FORM_PATH)
    async def post(
        grant_type: Annotated[str, Form()],
        client_id: Annotated[str, Form()],
        client_secret: Annotated[str, Form()],
    ) -> Token:
        return _TOKEN

    return app
