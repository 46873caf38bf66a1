"""HTML pages that this service serves: Jinja2 templates that load nothing but the site's own files.

They work without scripts; those that they name show a password and what a new one lacks.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"

_environment = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
)


def render(
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
    up: str = "",
    form_action: str = "'self'",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The page that a template makes of the values, which are escaped.

    Args:
        up: from the page's folder to that of the service, such as "../".
        form_action: where its forms may lead, in the words of a Content-Security-Policy.
        headers: in addition to those that protect the page.
    """
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        f"form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )
    protection = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }
    html = _environment.get_template(template).render(values, up=up)
    return HTMLResponse(html, status, {**(headers or {}), **protection})


def form_source(redirect_uri: str) -> str:
    """What the policy calls the place that the form's answer redirects to: Chromium applies `form-action` there too."""
    at = urlsplit(redirect_uri)
    # The policy has no words for an IPv6 address.
    if at.scheme not in ("http", "https") or at.netloc.startswith("["):
        return f"{at.scheme}:"
    return f"{at.scheme}://{at.netloc}"
