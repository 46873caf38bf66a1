"""The common docs page is a file of nginx's and that of a service a template; what they share is written in both."""

import re
from pathlib import Path

from gatehouse_chassis.docs.pages import SWAGGER_UI_POLICY
from testing.checkout import ROOT
from testing.http import send
from testing.nginx import Proxy


def _head(page: Path) -> str:
    head, *_ = page.read_text(encoding="utf-8").partition("</head>")
    return re.sub("<title>.*</title>", "", head)


def test_it_loads_what_the_page_of_a_service_loads() -> None:
    common = _head(ROOT / "proxy" / "site" / "docs" / "index.html")
    assert common == _head(ROOT / "gatehouse_chassis" / "docs" / "templates" / "swagger-ui.html")
    assert "swagger-ui-bundle.js" in common


def _what_it_allows(policy: str) -> dict[str, str]:
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    # It has a form, the selector of services, and nginx gives it the portal's policy for that.
    del directives["form-action"]
    return directives


def test_it_may_load_what_the_page_of_a_service_may(proxy: Proxy) -> None:
    policy = send(proxy.url, "/docs").headers["Content-Security-Policy"]
    assert _what_it_allows(policy) == _what_it_allows(SWAGGER_UI_POLICY)
