"""The pages for a sign-up, a forgotten password and the sign-out, and those that the links in mails lead to."""

from fastapi.responses import HTMLResponse

from auth_service.pages.refusals import Refused
from auth_service.pages.rendering import form_source, render


def sign_up_page(
    refused: Refused | None = None, *, username: str = "", email: str = ""
) -> HTMLResponse:
    """The form for a new account, with what was wrong at the last attempt."""
    return _form("sign-up.html", refused, focus="username", username=username, email=email)


def confirm_sign_up_page(
    username: str, display_name: str, token: str, refused: Refused | None = None
) -> HTMLResponse:
    """The form that makes the account: opening a link must not, because mail scanners open links too."""
    return _form(
        "confirm-sign-up.html",
        refused,
        up="../",
        focus="password",
        username=username,
        display_name=display_name,
        token=token,
    )


def confirm_email_page(email: str, token: str) -> HTMLResponse:
    """A button that changes the address."""
    return _form("confirm-email.html", None, up="../", email=email, token=token)


def password_reset_page(refused: Refused | None = None, *, username: str = "") -> HTMLResponse:
    """The form that asks for a link by mail."""
    return _form("password-reset.html", refused, username=username)


def new_password_page(username: str, token: str, refused: Refused | None = None) -> HTMLResponse:
    """The form for a new password. It shows the name because password managers look for it."""
    return _form(
        "new-password.html", refused, up="../", focus="password", username=username, token=token
    )


def sign_out_page(username: str, *, application: str = "", goes_to: str = "") -> HTMLResponse:
    """A button that signs out, on the address that shows it.

    Args:
        application: the one that asks for it, if one does.
        goes_to: where the browser is sent then, unless it stays here.
    """
    return render(
        "sign-out.html",
        {"username": username, "application": application},
        form_action=f"'self' {form_source(goes_to)}" if goes_to else "'self'",
    )


def note_page(
    title: str, sentence: str, *, link: tuple[str, str], status: int = 200, up: str = "../"
) -> HTMLResponse:
    """What was done, and a link: a relative reference and its text."""
    return render(
        "note.html",
        {"title": title, "kind": "news", "sentence": sentence, "href": link[0], "link": link[1]},
        status=status,
        up=up,
        form_action="'none'",
    )


def refusal_page(
    title: str, refused: Refused, *, link: tuple[str, str], up: str = "../"
) -> HTMLResponse:
    """What was not done, and why, and a link."""
    return render(
        "note.html",
        {
            "title": title,
            "kind": "problem",
            "sentence": refused.sentence,
            "href": link[0],
            "link": link[1],
        },
        status=refused.status,
        up=up,
        form_action="'none'",
        headers=refused.headers,
    )


def _form(
    template: str, refused: Refused | None, *, up: str = "", focus: str = "", **values: str
) -> HTMLResponse:
    """A form whose keyboard focus is in the field `focus`, or in the one that was refused."""
    if refused is None:
        return render(template, {**values, "focus": focus, "problem": ""}, up=up)
    return render(
        template,
        {**values, "focus": refused.field or focus, "problem": refused.sentence},
        status=refused.status,
        up=up,
        headers=refused.headers,
    )
