"""`/auth/logout`: an application sends a browser here to sign the person out (OpenID Connect RP-Initiated Logout).

An ID token shows that the application knows whom it signs out; without one the person is asked. Only an application
that is named by an ID token, or to which the person answers, gets the browser back, at an address that it registered.
"""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from auth_service.audit.events import Event, audited
from auth_service.dependencies import (
    Browsers,
    BrowserSessionIfAny,
    Context,
    LogoutRequests,
    SessionCookies,
)
from auth_service.oauth.errors import NO_STORE
from auth_service.oauth.forms import read_form, read_query
from auth_service.oauth.logout_requests import LogoutRequest
from auth_service.pages.account import note_page, refusal_page, sign_out_page
from auth_service.pages.refusals import Refused, refusals_for_people
from gatehouse_chassis.http.cross_site import CrossSiteRequest, is_cross_site
from gatehouse_chassis.proxy.redirects import keep_location

router = APIRouter(include_in_schema=False)

_TO_START = ("../", "To the start page")


async def read_request(request: Request, logouts: LogoutRequests) -> LogoutRequest | Response:
    """What is asked for, or the answer to what cannot be read."""
    try:
        with refusals_for_people():
            return await logouts.read(await read_query(request))
    except Refused as refused:
        return refusal_page("Nothing was done", refused, link=_TO_START, up="")


Asked = Annotated[LogoutRequest | Response, Depends(read_request)]


@router.get("/logout", response_class=HTMLResponse, openapi_extra=audited(Event.SESSION_ENDED))
async def log_out(
    request: Request,
    asked: Asked,
    session: BrowserSessionIfAny,
    browsers: Browsers,
    cookies: SessionCookies,
    context: Context,
) -> Response:
    """Signs the person out whom the ID token names, or asks who is signed in."""
    if isinstance(asked, Response):
        return asked
    if session is not None and str(session.user.id) != asked.subject:
        return sign_out_page(
            session.user.username, application=asked.application, goes_to=asked.redirect_uri
        )
    if session is not None:
        await browsers.sign_out(session, context)
    return _signed_out(request, cookies, asked if asked.subject is not None else None)


@router.post("/logout", response_class=HTMLResponse, openapi_extra=audited(Event.SESSION_ENDED))
async def take_form(
    request: Request,
    asked: Asked,
    session: BrowserSessionIfAny,
    browsers: Browsers,
    cookies: SessionCookies,
    context: Context,
) -> Response:
    """Takes the person's answer; or the request of an application, which may post it (section 2)."""
    try:
        with refusals_for_people():
            form = await read_form(request)
    except Refused as refused:
        return refusal_page("Nothing was done", refused, link=_TO_START, up="")
    if form.get("answer") != "sign-out":
        # With GET the browser sends its cookie, which it keeps back from a form of another site.
        return RedirectResponse(f"logout?{urlencode(form)}", 303, NO_STORE)
    if isinstance(asked, Response):
        return asked
    if is_cross_site(request, from_a_page=True):
        raise CrossSiteRequest
    if session is not None:
        await browsers.sign_out(session, context)
    return _signed_out(request, cookies, asked)


def _signed_out(request: Request, cookies: SessionCookies, asked: LogoutRequest | None) -> Response:
    answer: Response
    if asked is not None and (address := asked.address):
        keep_location(request.scope)
        answer = RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
    else:
        sentence = "Nobody is signed in in this browser now."
        answer = note_page("You are signed out", sentence, link=_TO_START, up="")
    cookies.clear(answer, request)
    return answer
