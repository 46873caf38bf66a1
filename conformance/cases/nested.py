"""N: another proxy adds a prefix in front."""

from conformance.case import case
from conformance.cases.core import assert_same, assert_token_endpoint, knows_its_host
from conformance.view import View


def nested(view: View) -> bool:
    return bool(view.outer)


@case("N2", "The sibling's token endpoint is found below the outer prefix", concerns=nested)
def sibling(view: View) -> None:
    assert_token_endpoint(view, f"{view.origin}{view.outer}/auth/token")


@case(
    "N3",
    "One process answers under two prefixes and directly, each in its own terms",
    concerns=lambda view: view.way.twice,
)
def in_turns(view: View) -> None:
    for _ in range(2):
        assert_same(view, "/things", "/things/")
        assert view.get("/who").json["url"] == f"{view.known_url}/who"
        assert view.direct("/who").json["url"].endswith(":8002/items/who")


@case(
    "N4",
    "The scheme that the outer proxy ended is the scheme at the service",
    concerns=lambda view: nested(view) or view.way.in_a_row,
)
def outer_scheme(view: View) -> None:
    assert view.get("/who").json["scheme"] == view.origin.partition(":")[0]


@case("N5", "Announced prefixes join in order, on one line or on several")
def joined(view: View) -> None:
    for lines in (["/outer, /items"], ["/outer", "/items"], ["/outer/"], ["/outer"]):
        reply = view.direct("/who", [("X-Forwarded-Prefix", line) for line in lines])
        assert reply.json["url"].endswith(":8002/outer/items/who"), (lines, reply)


@case("N6", "Metadata at the root of the host reach the service whose issuer they describe")
def well_known(view: View) -> None:
    path = "/.well-known/oauth-authorization-server"
    reply = view.ask(f"{view.origin}{view.outer}{path}/auth")
    assert reply.status == 200, reply
    assert reply.json == view.ask(f"{view.sibling_url}{path}").json
    if knows_its_host(view):
        announced = view.known_url.removesuffix("/items")
        assert reply.json == {"issuer": f"{announced}/auth"}


@case("N7", "Metadata of the protected resource are found at the root of the host, too")
def protected_resource(view: View) -> None:
    path = "/.well-known/oauth-protected-resource"
    reply = view.ask(f"{view.origin}{view.outer}{path}/items")
    assert reply.status == 200, reply
    assert reply.json == view.get(path).json
