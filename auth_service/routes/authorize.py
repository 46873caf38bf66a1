"""`/auth/authorize`: a person signs in and lets an application act for them (RFC 6749 section 4.1)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from auth_service.authentication import PasswordAuthentication
from auth_service.authorization import AnswerTo, Authorization, AuthorizationRequest, Unanswerable
from auth_service.oauth_errors import (
    NO_STORE,
    AccessDenied,
    InvalidGrant,
    InvalidRequest,
    OAuthError,
    TemporarilyUnavailable,
    outages_as_oauth_errors,
)
from auth_service.oauth_form import read_form, read_parameters
from auth_service.origin import remember_origin
from auth_service.sign_in_page import SignInPage
from auth_service.token_issuer import TokenIssuer
from chassis.relative_redirects import keep_location

# Browsers come here, not clients of the API, so the OpenAPI document leaves it out.
router = APIRouter(include_in_schema=False, dependencies=[Depends(remember_origin)])


class _Ended(Exception):
    """The request has its answer already."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer


async def _sign_in_page(request: Request) -> SignInPage:
    page: SignInPage = request.app.state.sign_in_page
    return page


Page = Annotated[SignInPage, Depends(_sign_in_page)]


@router.get("/authorize", response_class=HTMLResponse)
async def ask(request: Request, page: Page) -> Response:
    """Shows the page on which the person signs in."""
    try:
        to, asked = await _read(request, page)
    except _Ended as end:
        return end.answer
    return page.show(request, to, asked.scope)


@router.post("/authorize", response_class=HTMLResponse)
async def sign_in(request: Request, page: Page) -> Response:
    """Takes the page's form; its query is the request that the page was shown for."""
    issuer: TokenIssuer = request.app.state.token_issuer
    authentication: PasswordAuthentication = request.app.state.password_authentication
    try:
        to, asked = await _read(request, page)
        form = await read_form(request)
    except _Ended as end:
        return end.answer
    except InvalidRequest as error:
        return page.show_failure(f"The form could not be read: {error.description}.")
    username, password = form.get("username", ""), form.get("password", "")
    if not page.is_own_form(request, form.get("form_token", "")):
        problem = "This form was not made for this browser, or is too old. Please sign in again."
        return page.show(request, to, asked.scope, problem=problem, status=403)
    if form.get("answer") == "deny":
        return _redirect(request, to.refusal(AccessDenied("the person said no")))
    try:
        with outages_as_oauth_errors():
            user = await authentication.user(username, password)
            code = await issuer.give_code(
                user, asked.binding(to), asked.scope, asked.resource, to.client
            )
    except InvalidGrant:
        problem = "The user name or the password is wrong."
        return page.show(request, to, asked.scope, problem=problem, username=username, status=400)
    except TemporarilyUnavailable as error:
        wait = error.headers.get("Retry-After", "1")
        problem = f"{error.description} You can try again in {wait} s."
        answer = page.show(
            request, to, asked.scope, problem=problem, username=username, status=error.status
        )
        answer.headers["Retry-After"] = wait
        return answer
    except OAuthError as error:
        return _redirect(request, to.refusal(error))
    return _redirect(request, to.address(code=code))


async def _read(request: Request, page: SignInPage) -> tuple[AnswerTo, AuthorizationRequest]:
    """Where answers go and what is asked for.

    Raises:
        _Ended: the request is refused.
    """
    authorization: Authorization = request.app.state.authorization
    try:
        with outages_as_oauth_errors():
            parameters = read_parameters(request.scope["query_string"])
            to = await authorization.answer_to(parameters, request.url.netloc)
    except Unanswerable as refusal:
        raise _Ended(page.show_failure(str(refusal))) from None
    except OAuthError as error:
        sentence = f"The request could not be read: {error.description}."
        raise _Ended(page.show_failure(sentence, error.status)) from None
    try:
        return to, authorization.read(parameters, to)
    except OAuthError as error:
        raise _Ended(_redirect(request, to.refusal(error))) from None


def _redirect(request: Request, address: str) -> Response:
    """303: the browser asks with GET, so that no password is posted on (RFC 9700 section 4.12)."""
    keep_location(request.scope)
    return RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
