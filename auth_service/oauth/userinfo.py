"""`/auth/userinfo`: what a client may know of the user of its access token (OpenID Connect Core section 5.3)."""

from typing import Annotated

from fastapi import APIRouter, Security
from starlette.responses import Response

from auth_service.dependencies import bearer, get_current_user
from auth_service.oauth.errors import NO_STORE
from auth_service.oauth.schemas import UserInfo
from auth_service.oauth.scopes import OPENID
from auth_service.users.store import User
from gatehouse_chassis.auth.access_tokens import Principal
from gatehouse_chassis.auth.bearer import protected

router = APIRouter(tags=["tokens"])


@router.get("/userinfo", response_model_exclude_none=True, responses=protected())
@router.post("/userinfo", response_model_exclude_none=True, responses=protected())
async def read_user_info(
    user: Annotated[User, Security(get_current_user, scopes=[OPENID])],
    principal: Annotated[Principal, Security(bearer, scopes=[OPENID])],
    response: Response,
) -> UserInfo:
    """Who the user of the access token is: the name for the scope `profile`, the mail address for `email`."""
    response.headers.update(NO_STORE)
    info = UserInfo(sub=str(user.id))
    if "profile" in principal.scopes:
        info.name, info.preferred_username = user.display_name, user.username
    if "email" in principal.scopes and user.email is not None:
        info.email, info.email_verified = user.email, user.email_verified
    return info
