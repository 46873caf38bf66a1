"""HTML pages that this service serves: Jinja2 templates that run no script and load nothing."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
)
_environment.globals["style"] = _STYLE


def render(
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    form_action: str = "'self'",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page that a template makes of the values, which are escaped.

    Args:
        form_action: where its forms may lead, in the words of a Content-Security-Policy.
        headers: in addition to those that protect the page.
    """
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    protection = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
    html = _environment.get_template(template).render(values)
    return HTMLResponse(html, status, {**(headers or {}), **protection})
