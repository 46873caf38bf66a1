"""PORT: the port of the public URL."""

from urllib.parse import urljoin, urlsplit

from conformance.case import case
from conformance.cases.core import knows_its_host
from conformance.view import View


@case(
    "PORT1",
    "A port that is not the scheme's default is in every link",
    concerns=lambda view: view.way.port != "default" and knows_its_host(view),
)
def named_port(view: View) -> None:
    assert urlsplit(view.get("/who").json["self"]).port == urlsplit(view.origin).port
    assert view.follow(f"{view.url}/static/d")[0] == f"{view.url}/static/d/"


@case(
    "PORT2",
    "The scheme's default port is in none",
    concerns=lambda view: view.way.port == "default",
)
def default_port(view: View) -> None:
    assert urlsplit(view.get("/who").json["self"]).port is None
    assert urlsplit(view.follow(f"{view.url}/static/d")[0]).port is None


@case("PORT3", "A redirect of the proxy itself stays on the published port")
def published_port(view: View) -> None:
    for url in (view.url, f"{view.origin}{view.outer}/auth", view.origin + view.outer):
        for location in view.ask(url or "/").values("location"):
            assert urljoin(url, location).startswith(f"{view.origin}/"), (url, location)
