"""HTML pages that the service itself serves: they run no script and load nothing."""

import base64
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from fastapi.responses import HTMLResponse

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()


def page(
    title: str,
    content: str,
    *,
    status: int = 200,
    form_action: str = "'self'",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A whole page around its content, which is HTML.

    Args:
        form_action: where its forms may lead, in the words of a Content-Security-Policy.
        headers: others than those that keep the page to itself.
    """
    html = _template("page.html").substitute(title=escape(title), style=_STYLE, content=content)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    own = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
    return HTMLResponse(html, status, {**(headers or {}), **own})


def fill(template: str, *, html: Mapping[str, str] | None = None, **texts: str) -> str:
    """A template filled with texts, which are escaped, and with what is HTML already."""
    escaped = {name: escape(text) for name, text in texts.items()}
    return _template(template).substitute(escaped, **(html or {}))


def problem_paragraph(sentence: str) -> str:
    """What went wrong at the last attempt, as HTML; nothing when nothing did."""
    return f'<p class="problem" role="alert">{escape(sentence)}</p>' if sentence else ""


@cache
def _template(name: str) -> Template:
    return Template((_TEMPLATES / name).read_text(encoding="utf-8"))
