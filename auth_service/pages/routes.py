"""`/auth/sign-up`, `/auth/password-reset`, `/auth/email` and `/auth/sign-out`: for people, without a script.

The forms need no token against other sites: one that asks for a mail does nothing that its sender could not do alone,
one that changes something carries the mailed token, which no other site knows, and the cookie of the session comes with
no form of another site (`SameSite=Lax`).
"""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from auth_service.audit.events import Event, audited
from auth_service.dependencies import (
    AddressChanges,
    Browsers,
    BrowserSessionIfAny,
    Context,
    MailOutbox,
    Resets,
    SessionCookies,
    SignUpRequests,
)
from auth_service.mail.outbox import Outbox
from auth_service.oauth.forms import read_form
from auth_service.pages.account import (
    confirm_email_page,
    confirm_sign_up_page,
    new_password_page,
    note_page,
    password_reset_page,
    refusal_page,
    sign_out_page,
    sign_up_page,
)
from auth_service.pages.refusals import Refused, refusals_for_people
from auth_service.problems import SignUpRefused
from auth_service.users.password_reset.schemas import (
    PasswordResetConfirmation,
    PasswordResetRequest,
)
from auth_service.users.sign_up.schemas import SignUp, SignUpConfirmation
from auth_service.users.sign_up.sign_up import AlreadyConfirmed
from gatehouse_chassis.http.cross_site import CrossSiteRequest, is_cross_site


async def refuse_cross_site_form(request: Request) -> None:
    """Keeps other sites from having a visitor's browser send these forms."""
    if is_cross_site(request, from_a_page=True):
        raise CrossSiteRequest


# Browsers come here, not clients of the API, so the OpenAPI document leaves it out.
router = APIRouter(include_in_schema=False, dependencies=[Depends(refuse_cross_site_form)])

_START = "To the start page"
_TO_START = ("../../", _START)
_RESET_AGAIN = ("../password-reset", "Ask for a new link")


@router.get("/sign-up", response_class=HTMLResponse)
async def show_sign_up(sign_ups: SignUpRequests) -> HTMLResponse:
    """Shows the empty form."""
    try:
        with refusals_for_people():
            sign_ups.require_open()
    except Refused as refused:
        return _no_account(refused)
    return sign_up_page()


@router.post("/sign-up", response_class=HTMLResponse, openapi_extra=audited(Event.SIGN_UP_ASKED))
async def sign_up(
    request: Request, sign_ups: SignUpRequests, outbox: MailOutbox, context: Context
) -> HTMLResponse:
    """Asks for a mail."""
    form: dict[str, str] = {}
    try:
        with refusals_for_people():
            sign_ups.require_open()
    except Refused as refused:
        return _no_account(refused)
    try:
        with refusals_for_people():
            form = await read_form(request)
            asked = {name: form.get(name, "") for name in ("username", "email")}
            new = SignUp.model_validate(asked)
            sign_ups.ask(new.username, new.display_name, new.email, context)
    except Refused as refused:
        return sign_up_page(refused, username=form.get("username", ""), email=form.get("email", ""))
    return _look_into_your_mail(
        outbox, "A mail is on its way to this address and says how to go on."
    )


@router.get("/sign-up/confirm", response_class=HTMLResponse)
async def show_confirmation(sign_ups: SignUpRequests, token: str = "") -> HTMLResponse:
    """Shows the form for name and password, and changes nothing."""
    try:
        with refusals_for_people():
            waiting = await sign_ups.find(token)
            return confirm_sign_up_page(waiting.username, waiting.display_name, token)
    except AlreadyConfirmed as already:
        return _account_is_there(already)
    except Refused as refused:
        return _no_account(refused, at="../")


@router.post(
    "/sign-up/confirm",
    response_class=HTMLResponse,
    openapi_extra=audited(Event.USER_CREATED, Event.SIGN_UP_CONFIRMED),
)
async def confirm_sign_up(
    request: Request, sign_ups: SignUpRequests, context: Context
) -> HTMLResponse:
    """Makes the account; what is refused does not use up the token."""
    try:
        with refusals_for_people():
            form = await read_form(request)
            token = form.get("token", "")
            waiting = await sign_ups.find(token)
    except AlreadyConfirmed as already:
        return _account_is_there(already)
    except Refused as refused:
        return _no_account(refused, at="../")
    username = form.get("username", waiting.username)
    display_name = form.get("display_name", waiting.display_name)
    try:
        with refusals_for_people():
            chosen = {"username": username, "display_name": display_name}
            chosen |= {"token": token, "password": form.get("password", "")}
            confirmed = SignUpConfirmation.model_validate(chosen)
            user = await sign_ups.confirm(
                token,
                confirmed.password.get_secret_value(),
                context,
                username=confirmed.username,
                display_name=confirmed.display_name,
            )
    except AlreadyConfirmed as already:
        return _account_is_there(already)
    except Refused as refused:
        return confirm_sign_up_page(username, display_name, token, refused)
    sentence = f"The account {user.username} is yours. Sign in with the password that you chose."
    return note_page("Welcome", sentence, link=_TO_START, status=201)


@router.get("/password-reset", response_class=HTMLResponse)
async def show_password_reset() -> HTMLResponse:
    """Shows the empty form."""
    return password_reset_page()


@router.post(
    "/password-reset",
    response_class=HTMLResponse,
    openapi_extra=audited(Event.PASSWORD_RESET_ASKED, Event.PASSWORD_RESET_SENT),
)
async def ask_for_password_reset(
    request: Request, resets: Resets, outbox: MailOutbox, context: Context
) -> HTMLResponse:
    """Asks for a mail."""
    form: dict[str, str] = {}
    try:
        with refusals_for_people():
            form = await read_form(request)
            asked = PasswordResetRequest.model_validate({"username": form.get("username", "")})
            resets.ask(asked.username, context)
    except Refused as refused:
        return password_reset_page(refused, username=form.get("username", ""))
    return _look_into_your_mail(
        outbox,
        "If there is such an account and it has an e-mail address, a link is on its way to it.",
    )


@router.get("/password-reset/confirm", response_class=HTMLResponse)
async def show_new_password(resets: Resets, token: str = "") -> HTMLResponse:
    """Shows the form for a new password, and changes nothing."""
    try:
        with refusals_for_people():
            return new_password_page((await resets.user_of(token)).username, token)
    except Refused as refused:
        return refusal_page("The password stays as it is", refused, link=_RESET_AGAIN)


@router.post(
    "/password-reset/confirm",
    response_class=HTMLResponse,
    openapi_extra=audited(Event.PASSWORD_RESET, Event.SESSIONS_ENDED),
)
async def set_new_password(request: Request, resets: Resets, context: Context) -> HTMLResponse:
    """Sets the new password; a password that is refused does not use up the token."""
    try:
        with refusals_for_people():
            form = await read_form(request)
            token = form.get("token", "")
            user = await resets.user_of(token)
    except Refused as refused:
        return refusal_page("The password stays as it is", refused, link=_RESET_AGAIN)
    try:
        with refusals_for_people():
            confirmed = PasswordResetConfirmation.model_validate(
                {"token": token, "new_password": form.get("new_password", "")}
            )
            await resets.confirm(token, confirmed.new_password.get_secret_value(), context)
    except Refused as refused:
        return new_password_page(user.username, token, refused)
    sentence = f"The new password of {user.username} is set, and you are signed out everywhere."
    return note_page("Done", sentence, link=_TO_START)


@router.get("/email/confirm", response_class=HTMLResponse)
async def show_email_confirmation(changes: AddressChanges, token: str = "") -> HTMLResponse:
    """Shows the button that changes the address, and changes nothing."""
    try:
        with refusals_for_people():
            return confirm_email_page(await changes.email_of(token), token)
    except Refused as refused:
        return refusal_page("The address stays as it is", refused, link=_TO_START)


@router.post(
    "/email/confirm", response_class=HTMLResponse, openapi_extra=audited(Event.EMAIL_CHANGED)
)
async def confirm_email(
    request: Request, changes: AddressChanges, context: Context
) -> HTMLResponse:
    """Changes the address."""
    try:
        with refusals_for_people():
            form = await read_form(request)
            user = await changes.confirm(form.get("token", ""), context)
    except Refused as refused:
        return refusal_page("The address stays as it is", refused, link=_TO_START)
    sentence = f"{user.email} is the mail address of {user.username} now."
    return note_page("Done", sentence, link=_TO_START)


@router.get("/sign-out", response_class=HTMLResponse)
async def show_sign_out(session: BrowserSessionIfAny) -> HTMLResponse:
    """Shows the button that signs out, and changes nothing."""
    if session is None:
        sentence = "Nobody is signed in in this browser."
        return note_page("You are signed out", sentence, link=("../", _START), up="")
    return sign_out_page(session.user.username)


@router.post(
    "/sign-out", response_class=RedirectResponse, openapi_extra=audited(Event.SESSION_ENDED)
)
async def sign_out(
    request: Request,
    session: BrowserSessionIfAny,
    browsers: Browsers,
    cookies: SessionCookies,
    context: Context,
) -> RedirectResponse:
    """Ends the session of this browser with all that hangs on it, and leads to the portal."""
    if session is not None:
        await browsers.sign_out(session, context)
    answer = RedirectResponse("../", 303, {"Cache-Control": "no-store"})
    cookies.clear(answer, request)
    return answer


def _account_is_there(confirmed: AlreadyConfirmed) -> HTMLResponse:
    return note_page("Your account is there", str(confirmed), link=_TO_START)


def _no_account(refused: Refused, *, at: str = "") -> HTMLResponse:
    """Why there is no account; `at` is the way from the page to the one of the sign-up."""
    is_open = refused.status != SignUpRefused.status
    link = (f"{at}sign-up", "Sign up again") if is_open else (f"{at}../", _START)
    return refusal_page("No account was made", refused, link=link, up=at)


def _look_into_your_mail(outbox: Outbox, sentence: str) -> HTMLResponse:
    if outbox.goes_to_files:
        sentence += (
            " No mail server is set here, so the mail is a file on the server, which the log of auth names: "
            "make logs S=auth."
        )
    return note_page("Look into your mail", sentence, link=("../", _START), status=202, up="")
