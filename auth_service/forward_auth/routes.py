"""`/auth/verify` and `/auth/sign-in`: sign-in for what has none, by the word of the proxy in front of it.

The proxy asks `/auth/verify` before it passes a request on, with the request's own headers: nginx by `auth_request`,
Traefik by `ForwardAuth`, Caddy by `forward_auth`, Envoy by `ext_authz`, HAProxy and Apache by a few lines. Only the
session's cookie and the access token say who asks. `X-Forwarded-Uri` and `X-Forwarded-Method`, of trusted proxies
alone, say where a person is sent back to; a proxy that leaves them out (nginx takes no redirect here) gets a 401.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from auth_service.audit.events import Event, audited
from auth_service.clients.client import FIRST_PARTY_CLIENT
from auth_service.dependencies import (
    BrowserSessionIfAny,
    Context,
    IssuedTokens,
    SessionCookies,
    Settings,
    SignIn,
    SignInForm,
    Users,
)
from auth_service.forward_auth.access import Requirement, Visitor
from auth_service.forward_auth.addresses import way_back, way_to_sign_in
from auth_service.forward_auth.schemas import Verified
from auth_service.oauth.errors import NO_STORE, OAuthError, as_oauth_errors
from auth_service.oauth.forms import read_form
from auth_service.pages.account import note_page
from auth_service.pages.sign_in import NOT_FROM_HERE
from gatehouse_chassis.auth.access_tokens import InvalidToken
from gatehouse_chassis.auth.bearer import Challenge, MissingToken, UnusableToken
from gatehouse_chassis.http.caching import keep_out_of_caches
from gatehouse_chassis.http.cross_site import CrossSiteRequest, is_cross_site
from gatehouse_chassis.http.problem_page import asks_for_html
from gatehouse_chassis.proxy.forwarded import ASKED_OF_THE_PROXY
from gatehouse_chassis.proxy.public_prefix import is_below

# Proxies and browsers come here, not clients of the API, so the OpenAPI document leaves it out.
router = APIRouter(include_in_schema=False)

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
"""Envoy asks with the method of the request that it asks about."""


class NotAllowed(Challenge):
    """Whoever asks is known, and lacks a scope or a role."""

    status, code = 403, "insufficient_scope"

    def __init__(self, who: str, required: Requirement) -> None:
        super().__init__(
            f"{who} may not open this. Needed: {required}.",
            error="insufficient_scope",
            scope=" ".join(sorted(required.scopes)),
        )


async def read_requirement(request: Request) -> Requirement:
    """What the proxy's own configuration requires: `?require=items:read`, or for Envoy a segment of the path.

    Envoy appends the whole target of the request that it asks about, so the query is that request's own.
    """
    in_path = request.path_params.get("required")
    return Requirement.read(
        request.query_params.getlist("require") if in_path is None else [in_path]
    )


Required = Annotated[Requirement, Depends(read_requirement)]


@router.api_route("/verify/{required}/{target:path}", methods=_METHODS, response_model=Verified)
@router.api_route("/verify", methods=_METHODS, response_model=Verified)
async def verify(
    request: Request,
    required: Required,
    session: BrowserSessionIfAny,
    settings: Settings,
    tokens: IssuedTokens,
    users: Users,
    response: Response,
) -> Verified | Response:
    """Whether the request that the proxy asks about may pass: 200 with who it is, or what to answer in its place.

    Raises:
        MissingToken, UnusableToken: 401, for programs.
        NotAllowed, CrossSiteRequest: 403.
    """
    keep_out_of_caches(request.scope)
    method, target = _asked(request)
    outer: str = request.scope["root_path"].removesuffix(settings.root_path)
    if outer and is_below(target, outer):
        target = target.removeprefix(outer)
    if target.startswith("/"):
        # Links of an error's page start where the browser shows it.
        request.scope["raw_path"] = (outer + target.partition("?")[0]).encode("latin-1")
    if token := _token(request):
        visitor = await _of_token(token, required, tokens, users)
    elif session is not None:
        if _is_cross_site(request, method):
            raise CrossSiteRequest
        visitor = Visitor.of_session(session.user)
    elif target.startswith("/") and method in ("GET", "HEAD") and _is_page(request):
        way = way_to_sign_in(target, settings.root_path)
        return RedirectResponse(way, 303, NO_STORE)
    else:
        raise MissingToken
    if not visitor.meets(required):
        raise NotAllowed(visitor.name, required)
    response.headers.update(visitor.headers)
    username = visitor.user.username if visitor.user else None
    return Verified(
        username=username, client_id=visitor.client_id or None, scopes=sorted(visitor.scopes)
    )


def _asked(request: Request) -> tuple[str, str]:
    """The method and the target of the request that the proxy asks about; "" for a target that it keeps to itself."""
    if "target" not in request.path_params:
        asked: tuple[str, str] = request.scope["state"].get(
            ASKED_OF_THE_PROXY, (request.method, "")
        )
        return asked
    own_segments = request.scope["root_path"].count("/") + 3  # "", /verify and what is required
    raw_path: str = request.scope["raw_path"].decode("latin-1")
    query: str = request.scope["query_string"].decode("ascii")
    target = "/" + "/".join(raw_path.split("/")[own_segments:])
    return request.method, f"{target}?{query}" if query else target


def _is_page(request: Request) -> bool:
    """Whether a person opens it in a browser, so that a page in its place is of use."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    return mode == "navigate" and asks_for_html(request.headers.get("accept", ""))


def _is_cross_site(request: Request, method: str) -> bool:
    """Whether a page of another site sends it in this person's name, and it changes something or stays open."""
    # Proxies ask without `Upgrade`, or it would be a handshake with auth.
    opens_socket = "sec-websocket-key" in request.headers
    return is_cross_site(Request({**request.scope, "method": "POST" if opens_socket else method}))


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise UnusableToken("the request has several Authorization headers")
    scheme, _, token = (given or [""])[0].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _of_token(
    token: str, required: Requirement, tokens: IssuedTokens, users: Users
) -> Visitor:
    try:
        principal = await tokens.verify(token)
    except InvalidToken as error:
        raise UnusableToken(str(error)) from None
    # A token that another service was given must be of no use to it here (RFC 9068 section 4).
    if not set(required.audience).issubset(principal.audience):
        raise UnusableToken("the token is for another service")
    if principal.subject == principal.client_id:
        return Visitor.of_token(principal, None)
    user = await users.find(UUID(principal.subject))
    if user is None or user.disabled:
        raise UnusableToken("its user is disabled or gone")
    return Visitor.of_token(principal, user)


ReturnTo = Annotated[str, Query(alias="return_to")]


@router.get("/sign-in", response_class=HTMLResponse)
async def show_sign_in(
    request: Request,
    page: SignInForm,
    session: BrowserSessionIfAny,
    settings: Settings,
    return_to: ReturnTo = "",
) -> HTMLResponse:
    """Shows the form. Who is signed in goes on by a link: a redirect could go round in a circle."""
    if session is None:
        return page.show(request, None)
    link = (way_back(return_to, settings.root_path), "Go on")
    sentence = f"You are signed in as {session.user.username}."
    return note_page("Signed in", sentence, link=link, up="")


@router.post(
    "/sign-in",
    response_class=HTMLResponse,
    openapi_extra=audited(Event.SIGNED_IN, Event.SIGN_IN_FAILED, Event.SIGN_IN_THROTTLED),
)
async def sign_in(
    request: Request,
    page: SignInForm,
    session: BrowserSessionIfAny,
    signing_in: SignIn,
    cookies: SessionCookies,
    context: Context,
    settings: Settings,
    return_to: ReturnTo = "",
) -> Response:
    """Signs a person in for everything under the domain, and leads to where they wanted to go."""
    form: dict[str, str] = {}
    try:
        with as_oauth_errors():
            form = await read_form(request)
            if form.get("answer") == "deny":
                return RedirectResponse(way_back("", settings.root_path), 303, NO_STORE)
            if not page.is_own_form(request, form.get("form_token", "")):
                return page.show(
                    request, None, problem=NOT_FROM_HERE.format("sign in again"), status=403
                )
            _, cookie = await signing_in.sign_in(
                form.get("username", ""),
                form.get("password", ""),
                before=session,
                through=FIRST_PARTY_CLIENT,
                scope="",
                context=context,
            )
    except OAuthError as error:
        return page.show_again(request, None, error, username=form.get("username", ""))
    answer = RedirectResponse(way_back(return_to, settings.root_path), 303, NO_STORE)
    cookies.set(answer, request, cookie)
    return answer
