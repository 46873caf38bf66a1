"""The page that a person sees who opened an address that has nothing but an error to tell.

nginx has the same page for what it answers by itself: `proxy/gateway/problem.html`.
"""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from starlette.responses import HTMLResponse
from starlette.types import Scope

_PAGE = Template((Path(__file__).parent / "problem.html").read_text(encoding="utf-8"))
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ACCEPTED_HTML = re.compile(r"text/html(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
_PASSING = frozenset((429, 500, 502, 503, 504))
"""What may be over when the page is loaded again."""


def asks_for_html(accept: str) -> bool:
    """Whether this `Accept` is a person's browser: it names HTML and not JSON, which programs name."""
    return _ACCEPTED_HTML.search(accept) is not None and "json" not in accept.lower()


def problem_page(scope: Scope, problem: Mapping[str, Any]) -> HTMLResponse:
    """The members of a problem document (RFC 9457) as a page.

    Its addresses are relative, so they are right under any public prefix.
    """
    home, assets = _ways(scope)
    retry = '<a href="">Try again</a> · ' if problem["status"] in _PASSING else ""
    mistakes = "".join(
        f"<li><code>{escape(error['pointer'])}</code> ({escape(error['in'])}): {escape(error['detail'])}</li>"
        for error in problem.get("errors", ())
    )
    html = _PAGE.substitute(
        title=escape(problem["title"]),
        detail=escape(problem["detail"]),
        mistakes=f"<ul>{mistakes}</ul>" if mistakes else "",
        status=problem["status"],
        code=escape(problem["code"]),
        request_id=escape(problem.get("request_id", "")),
        retry=retry,
        home=escape(home),
        assets=escape(assets),
    )
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, problem["status"], headers)


def _ways(scope: Scope) -> tuple[str, str]:
    """From the page to the start page of the domain, and to the service's files of `gatehouse_chassis.docs`."""
    app = scope.get("app")
    own = getattr(getattr(getattr(app, "state", None), "settings", None), "root_path", "")
    start = scope.get("root_path", "").removesuffix(own) + "/"
    path = scope.get("raw_path") or scope["path"].encode()
    home = "../" * (path.count(b"/") - start.count("/")) or "./"
    return home, f"{home}{own.lstrip('/')}{'/' if own else ''}docs/assets/"
