"""S and K: a prefix that the proxy strips, and one that it keeps."""

from urllib.parse import urljoin

from conformance.case import case
from conformance.cases.core import assert_redirects
from conformance.view import View


def stripped(view: View) -> bool:
    return view.way.strips


def kept(view: View) -> bool:
    return not view.way.strips


@case("S2", "A request past the proxy, without the prefix, is answered under the prefix")
def direct_without_prefix(view: View) -> None:
    reply = view.direct("/who")
    assert reply.status == 200, reply
    assert reply.json["url"].endswith("/items/who")


@case(
    "S4",
    "A proxy that rewrites Host does not double the prefix in a redirect",
    concerns=lambda view: view.way.host_lost,
)
def lost_host(view: View) -> None:
    assert_redirects(view, "/static/d", "/static/d/")


@case("S5", "A resource has one URL: the doubled prefix is not found", concerns=stripped)
def doubled_behind_stripping_proxy(view: View) -> None:
    assert view.get("/items/who").status == 404


@case("K2", "The doubled prefix is not found", concerns=kept)
def doubled_behind_keeping_proxy(view: View) -> None:
    assert view.get("/items/who").status == 404


@case("K4", "A request past the proxy, with the prefix, is the same as without it")
def direct_with_prefix(view: View) -> None:
    assert view.direct("/items/who").json == view.direct("/who").json
    for path in ("/static/d", "/items/static/d"):
        location = view.direct(path).header("location")
        assert urljoin(f"http://pod{path}", location) == f"http://pod{path}/"


@case("K5", "The same process serves a stripped prefix and a kept one")
def one_process_for_both(view: View) -> None:
    through_proxy = view.get("/openapi.json").json
    for path in ("/openapi.json", "/items/openapi.json"):
        assert view.direct(path).json == through_proxy
    assert view.get("/sub/hello/").status == view.direct("/items/sub/hello/").status == 200
