"""`/auth/authorize`: a person lets an application act for them (RFC 6749 section 4.1).

Browsers come here, not clients of the API, so the OpenAPI document leaves it out. An error goes to the
application through the redirect where its redirect URI can be trusted, and to the person on a page where it cannot.

A browser in which somebody is signed in is answered at once where nothing is left to ask. No other site gains by
sending a person here for that: the code goes to the registered address alone, and is worthless to who did not choose
the `code_challenge` (RFC 9700 section 4.7.1). Only a client with a secret that asks for an ID token may leave that out.
"""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from auth_service.audit.events import Event, audited
from auth_service.consents.store import ConsentStore
from auth_service.dependencies import (
    AuthorizationRequests,
    BrowserSessionIfAny,
    CodeGrant,
    Consents,
    Context,
    IdTokens,
    SessionCookies,
    SignIn,
    SignInForm,
)
from auth_service.oauth.authorization import (
    AuthorizationRequest,
    UntrustedRequest,
)
from auth_service.oauth.errors import NO_STORE, OAuthError, as_oauth_errors
from auth_service.oauth.forms import read_form, read_query
from auth_service.oauth.requests import AccessDenied, ConsentRequired, InvalidRequest, LoginRequired
from auth_service.pages.sign_in import NOT_FROM_HERE
from auth_service.sessions.browser.store import BrowserSession
from gatehouse_chassis.auth.access_tokens import InvalidToken
from gatehouse_chassis.proxy.redirects import keep_location

router = APIRouter(include_in_schema=False)

_SIGN_IN_AGAIN = ("invalid_grant", "temporarily_unavailable")
"""What the person can mend on the page; everything else is told to the application."""


async def read_request(
    request: Request,
    authorization: AuthorizationRequests,
    id_tokens: IdTokens,
    page: SignInForm,
) -> AuthorizationRequest | Response:
    """What is asked for, or the answer to a request that cannot be granted."""
    try:
        with as_oauth_errors():
            if request.method == "POST" and not request.scope["query_string"]:
                # A request may be posted (OpenID Connect Core section 3.1.2.1). With GET the browser sends its cookie,
                # which it keeps back from a form of another site.
                posted = await read_form(request)
                return RedirectResponse(f"authorize?{urlencode(posted)}", 303, NO_STORE)
            parameters = await read_query(request)
            target = await authorization.redirect_target(parameters, request.url.netloc)
    except UntrustedRequest as refusal:
        return page.show_failure(str(refusal))
    except OAuthError as error:
        sentence = f"The request could not be read: {error.description}."
        return page.show_failure(sentence, error.status)
    try:
        with as_oauth_errors():
            asked = authorization.read(parameters, target)
            if "id_token_hint" in parameters:
                asked = replace(
                    asked, expected_user=await _hinted(parameters["id_token_hint"], id_tokens)
                )
            return asked
    except OAuthError as error:
        return _redirect(request, target.refusal(error.error, error.description))


async def _hinted(id_token: str, id_tokens: IdTokens) -> str:
    try:
        return (await id_tokens.read(id_token)).subject
    except InvalidToken as error:
        raise InvalidRequest(f"the id_token_hint is not accepted: {error}") from None


Asked = Annotated[AuthorizationRequest | Response, Depends(read_request)]


@router.get("/authorize", response_class=HTMLResponse)
async def authorize(
    request: Request,
    asked: Asked,
    page: SignInForm,
    session: BrowserSessionIfAny,
    consents: Consents,
    grant: CodeGrant,
) -> Response:
    """Answers the application at once, or shows the page on which the person signs in or consents."""
    if isinstance(asked, Response):
        return asked
    try:
        with as_oauth_errors():
            if session is None or asked.needs_sign_in(session):
                if asked.is_silent:
                    raise LoginRequired(
                        "no user is signed in in this browser, or the sign-in is too long ago"
                    )
                known = session.user.username if session else ""
                return page.show(request, asked, username=asked.login_hint or known)
            grant.require_grantable(session, asked.target.client, asked.wanted)
            if not await _is_consented(asked, session, consents):
                if asked.is_silent:
                    raise ConsentRequired("the person has to be asked first")
                return page.show_consent(request, asked, session)
            return _redirect(request, await _answer(asked, session, grant))
    except OAuthError as error:
        return _redirect(request, asked.target.refusal(error.error, error.description))


@router.post(
    "/authorize",
    response_class=HTMLResponse,
    openapi_extra=audited(
        Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.SIGN_IN_THROTTLED, Event.CONSENT_GIVEN
    ),
)
async def take_form(
    request: Request,
    asked: Asked,
    page: SignInForm,
    session: BrowserSessionIfAny,
    signing_in: SignIn,
    cookies: SessionCookies,
    consents: Consents,
    grant: CodeGrant,
    context: Context,
) -> Response:
    """Takes the form of either page; its query is the request that the page was shown for."""
    if isinstance(asked, Response):
        return asked
    try:
        with as_oauth_errors():
            form = await read_form(request)
    except OAuthError as error:
        return page.show_failure(f"The form could not be read: {error.description}.")
    target, token = asked.target, form.get("form_token", "")
    if form.get("form") == "consent" and session is not None and not asked.needs_sign_in(session):
        if not page.is_own_form(request, token, session):
            problem = NOT_FROM_HERE.format("answer again")
            return page.show_consent(request, asked, session, problem=problem, status=403)
        try:
            with as_oauth_errors():
                _require_allowed(form)
                address = await _allow(asked, session, consents, grant, context)
        except OAuthError as error:
            address = target.refusal(error.error, error.description)
        return _redirect(request, address)
    if not page.is_own_form(request, token):
        problem = NOT_FROM_HERE.format("sign in again")
        return page.show(request, asked, problem=problem, status=403)
    username = form.get("username", "")
    try:
        with as_oauth_errors():
            _require_allowed(form)
            session, cookie = await signing_in.sign_in(
                username,
                form.get("password", ""),
                before=session,
                through=target.client.client_id,
                scope=asked.wanted.scope,
                context=context,
            )
    except OAuthError as error:
        if error.error in _SIGN_IN_AGAIN:
            return page.show_again(request, asked, error, username=username)
        return _redirect(request, target.refusal(error.error, error.description))
    try:
        with as_oauth_errors():
            address = await _allow(asked, session, consents, grant, context)
    except OAuthError as error:
        address = target.refusal(error.error, error.description)
    answer = _redirect(request, address)
    cookies.set(answer, request, cookie)
    return answer


def _require_allowed(form: dict[str, str]) -> None:
    if form.get("answer") == "deny":
        raise AccessDenied("The resource owner denied the request.")


async def _is_consented(
    asked: AuthorizationRequest, session: BrowserSession, consents: ConsentStore
) -> bool:
    if asked.needs_no_consent:
        return True
    client_id, scope = asked.target.client.client_id, asked.wanted.scope
    return asked.may_be_remembered and await consents.covers(session.user.id, client_id, scope)


async def _allow(
    asked: AuthorizationRequest,
    session: BrowserSession,
    consents: ConsentStore,
    grant: CodeGrant,
    context: Context,
) -> str:
    """Where the browser goes when the person allows what is asked: the consent is remembered."""
    client = asked.target.client
    grant.require_grantable(session, client, asked.wanted)
    if not client.is_first_party:
        context.set_actor(str(session.user.id))
        await consents.add(session.user.id, client.client_id, asked.wanted.scope, context)
    return await _answer(asked, session, grant)


async def _answer(asked: AuthorizationRequest, session: BrowserSession, grant: CodeGrant) -> str:
    target = asked.target
    if asked.is_for_another(session):
        raise LoginRequired("another user is signed in than the id_token_hint names")
    code = await grant.issue_code(session, target.client, asked.binding, asked.wanted, asked.nonce)
    return target.address(code=code)


def _redirect(request: Request, address: str) -> Response:
    """303: the browser asks with GET, so that no password is posted on (RFC 9700 section 4.12)."""
    keep_location(request.scope)
    return RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})
