"""The pages for a sign-up and for a forgotten password, and those that the mails lead to."""

from fastapi.responses import HTMLResponse

from auth_service.pages.refusals import Refused
from auth_service.pages.rendering import fill, page, problem_paragraph


def sign_up_page(
    refused: Refused | None = None, *, username: str = "", email: str = ""
) -> HTMLResponse:
    """Name, address and password of a new account, with what was wrong with the last ones."""
    texts = {"username": username, "email": email}
    return _form_page("Create an account", "sign-up.html", refused, **texts)


def confirm_sign_up_page(username: str, token: str) -> HTMLResponse:
    """A button that makes the account: opening a link must not, because scanners of mail open it too."""
    texts = {"username": username, "token": token}
    return _form_page("Create this account?", "confirm-sign-up.html", None, **texts)


def password_reset_page(refused: Refused | None = None, *, username: str = "") -> HTMLResponse:
    """Whose password was forgotten."""
    return _form_page("Forgot your password?", "password-reset.html", refused, username=username)


def new_password_page(username: str, token: str, refused: Refused | None = None) -> HTMLResponse:
    """A new password, with what was wrong with the last one. Password managers want to see the name."""
    texts = {"username": username, "token": token}
    return _form_page("Choose a new password", "new-password.html", refused, **texts)


def note_page(
    title: str, sentence: str, *, link: tuple[str, str], status: int = 200
) -> HTMLResponse:
    """What was done, and a link: a relative reference and its text."""
    note = fill("note.html", kind="note", sentence=sentence, href=link[0], link=link[1])
    return page(title, note, status=status, form_action="'none'")


def refusal_page(title: str, refused: Refused, *, link: tuple[str, str]) -> HTMLResponse:
    """The same of what was not done."""
    note = fill("note.html", kind="problem", sentence=refused.sentence, href=link[0], link=link[1])
    return page(title, note, status=refused.status, form_action="'none'", headers=refused.headers)


def _form_page(title: str, template: str, refused: Refused | None, **texts: str) -> HTMLResponse:
    problem = problem_paragraph(refused.sentence) if refused else ""
    filled = fill(template, html={"problem": problem}, **texts)
    if refused is None:
        return page(title, filled)
    return page(title, filled, status=refused.status, headers=refused.headers)
