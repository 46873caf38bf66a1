"""Who may do what with items."""

from typing import Annotated

from fastapi import Security

from gatehouse_chassis.auth.access_tokens import Principal
from gatehouse_chassis.auth.bearer import Bearer

bearer = Bearer(
    auth_url="../auth/",
    scopes={"items:read": "Read your items", "items:write": "Create, change and delete your items"},
)

Reader = Annotated[Principal, Security(bearer, scopes=["items:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["items:write"])]
