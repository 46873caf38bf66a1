"""What the routes of the items service depend on."""

from typing import Annotated

from fastapi import Depends, Request, Security

from gatehouse_chassis.auth.access_tokens import Principal
from gatehouse_chassis.auth.bearer import Bearer
from gatehouse_chassis.database import Database, get_database
from gatehouse_chassis.services import scope_descriptions
from items_service.store import ItemStore

bearer = Bearer(auth_url="../auth/", scopes=scope_descriptions("items"))

Reader = Annotated[Principal, Security(bearer, scopes=["items:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["items:write"])]


async def get_store(
    request: Request, database: Annotated[Database, Depends(get_database)]
) -> ItemStore:
    """The items in the application's database."""
    return ItemStore(database, per_owner=request.app.state.settings.per_owner)


Store = Annotated[ItemStore, Depends(get_store)]
