"""OAuth and MCP discovery: each way to break it is named at its first step, and the right one is clean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from starlette.datastructures import Headers
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from testing.serving import Certificate, served
from tests.doctor.command import Run, run
from tests.doctor.proxies import Proxy
from tests.doctor.services import on_uvicorn, service

RESOURCE = "/.well-known/oauth-protected-resource"
OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
PAGE = HTMLResponse("<!doctype html><script src=/app.js></script>")
HERE = "http://ORIGIN"


@dataclass(frozen=True)
class McpSite:
    """An MCP server at /items/mcp that asks for tokens, and its authorization server at /auth.

    Attributes:
        others: what answers other addresses, or these in place of the right answer; None: nothing.
        otherwise: what answers every address that nothing else answers.
        challenge: the WWW-Authenticate; ORIGIN in it, and in all that follows, is the public origin.
        resource, issuer, token_endpoint: what the metadata says.
        cors: the Access-Control-Allow-Origin of the metadata.
        checks_host: whether other hosts are refused, as they should be.
    """

    others: Mapping[str, ASGIApp | None] = field(default_factory=dict)
    otherwise: ASGIApp | None = None
    challenge: str = f'Bearer resource_metadata="{HERE}{RESOURCE}/items/mcp"'
    resource: str = f"{HERE}/items/mcp"
    issuer: str = f"{HERE}/auth"
    token_endpoint: str = f"{HERE}/auth/token"
    cors: str = "*"
    checks_host: bool = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, origin = scope["path"], f"{scope['scheme']}://{Headers(scope=scope)['host']}"

        if self.checks_host and "127.0.0.1" not in origin:
            await Response(status_code=421)(scope, receive, send)
            return

        def here(text: str) -> str:
            return text.replace(HERE, origin).replace("ORIGIN", origin.partition("://")[2])

        metadata = {
            "issuer": here(self.issuer),
            "authorization_endpoint": here(f"{HERE}/auth/authorize"),
            "token_endpoint": here(self.token_endpoint),
        }
        cors = {"access-control-allow-origin": self.cors} if self.cors else {}
        resource = {
            "resource": here(self.resource),
            "authorization_servers": [here(f"{HERE}/auth")],
        }
        challenge = {"www-authenticate": here(self.challenge)} if self.challenge else {}
        server = JSONResponse(metadata, headers=cors)
        answers: dict[str, ASGIApp | None] = {
            "/items/mcp": Response(status_code=401, headers=challenge),
            f"{RESOURCE}/items/mcp": JSONResponse(resource, headers=cors),
            f"{OAUTH}/auth": server,
            f"{OPENID}/auth": server,
            f"/auth{OPENID}": server,
            "/auth/authorize": HTMLResponse("<title>sign in</title>"),
            "/auth/token": JSONResponse({"error": "invalid_request"}, 405),
        }
        answers |= self.others
        nothing = PlainTextResponse("Not Found", 404)
        await (answers.get(path) or self.otherwise or nothing)(scope, receive, send)


def examined(site: ASGIApp, *options: str, certificate: Certificate | None = None) -> Run:
    with served(site, certificate=certificate) as port:
        scheme = "https" if certificate else "http"
        trust = ("--ca-file", str(certificate.certificate)) if certificate else ()
        return run(f"{scheme}://127.0.0.1:{port}/items/mcp", "--json", *trust, *options)


def test_right_discovery_is_clean_and_every_client_comes_through() -> None:
    result = examined(McpSite())
    assert result.findings == [], result.output
    assert result.code == 0
    assert "OAuth and MCP discovery" in result.report["examined"]
    assert set(result.report["clients"].values()) == {"finds the token endpoint"}
    assert len(result.report["clients"]) == 4


PLACES = (f"{RESOURCE}/items/mcp", f"{OAUTH}/auth", f"{OPENID}/auth", f"/auth{OPENID}")
BROKEN = {
    "a single-page application": (
        McpSite(otherwise=PAGE, others=dict.fromkeys(PLACES)),
        "metadata-is-html",
        "location ^~ /.well-known/",
    ),
    "an issuer that is not where it was found": (
        McpSite(issuer="http://internal:8000"),
        "issuer-mismatch",
        "public URL",
    ),
    "a challenge lost at auth_request": (
        McpSite(challenge=""),
        "challenge-lost",
        "auth_request_set",
    ),
    "a Host guard": (
        McpSite(others={f"{RESOURCE}/items/mcp": PlainTextResponse("Invalid Host header", 421)}),
        "host-refused",
        "allowed_hosts",
    ),
    "no CORS": (McpSite(cors=""), "metadata-without-cors", "CORSMiddleware"),
    "another resource": (
        McpSite(resource="http://127.0.0.1:8000/mcp"),
        "resource-mismatch",
        "base_url=",
    ),
    "the resource's metadata below the prefix only": (
        McpSite(others={f"{RESOURCE}/items/mcp": None}),
        "resource-metadata-not-found",
        "location = /.well-known/oauth-protected-resource/items/mcp",
    ),
    "the server's metadata appended only": (
        McpSite(others={f"{OAUTH}/auth": None, f"{OPENID}/auth": None}),
        "well-known-not-found",
        "oauth-authorization-server/auth",
    ),
    "metadata behind the gateway's sign-in": (
        McpSite(others={f"{RESOURCE}/items/mcp": Response(status_code=401)}),
        "metadata-behind-sign-in",
        "auth_request off",
    ),
    "metadata at another origin": (
        McpSite(others={f"{RESOURCE}/items/mcp": RedirectResponse("http://127.0.0.1:1/metadata")}),
        "metadata-redirected",
        "at the address itself",
    ),
    "an endpoint without its prefix": (
        McpSite(token_endpoint=f"{HERE}/token"),
        "metadata-endpoint-not-found",
        "public prefix",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_first_step_that_fails_is_named(case: str) -> None:
    site, finding, names = BROKEN[case]
    result = examined(site)
    first = result.report["findings"][0]
    assert first["id"] == finding, result.output
    assert names in first["change"] + (first["configuration"] or "")
    assert any(said.startswith("fails at") for said in result.report["clients"].values()) or (
        finding == "challenge-lost"  # whoever needs no challenge comes through
    )


@pytest.mark.parametrize(
    "site",
    [
        McpSite(
            others={
                f"{RESOURCE}/items/mcp": RedirectResponse(f"http://127.0.0.1{RESOURCE}/items/mcp")
            }
        ),
        McpSite(token_endpoint="http://127.0.0.1/auth/token"),
        McpSite(challenge=f'Bearer resource_metadata="http://127.0.0.1{RESOURCE}/items/mcp"'),
    ],
    ids=["redirect", "endpoint", "challenge"],
)
def test_what_crosses_from_https_to_http_is_named(site: McpSite, certificate: Certificate) -> None:
    result = examined(site, certificate=certificate)
    assert result.findings[0] == "scheme-lost", result.output
    assert "X-Forwarded-Proto" in result.report["findings"][0]["change"]


def test_right_discovery_over_https_is_clean(certificate: Certificate) -> None:
    assert examined(McpSite(), certificate=certificate).findings == []


def test_what_stops_every_client_is_broken_now_and_what_stops_some_is_not() -> None:
    nobody = examined(BROKEN["a single-page application"][0])
    some = examined(BROKEN["the server's metadata appended only"][0])
    assert nobody.report["findings"][0]["severity"] == "broken"
    assert nobody.code == 1
    assert some.report["findings"][0]["severity"] == "some-clients"
    assert some.code == 0


def test_a_service_without_metadata_is_not_blamed_for_it() -> None:
    site = McpSite(challenge="Bearer", others=dict.fromkeys(PLACES), otherwise=PAGE)
    report = examined(site).report
    assert report["findings"] == []
    assert any("--oauth says where they fail" in note for note in report["notes"])
    assert examined(site, "--oauth").findings == ["metadata-is-html"]


def test_discovery_is_walked_where_something_asks_for_a_token_or_the_option_says_so() -> None:
    with served(Proxy(on_uvicorn(service()))) as port:
        plain = run(f"http://127.0.0.1:{port}/items", "--json").report
        asked = run(f"http://127.0.0.1:{port}/items", "--json", "--oauth").findings
    assert "OAuth and MCP discovery" not in plain["examined"]
    assert asked[0] == "resource-metadata-not-found"


def test_a_401_without_a_challenge_is_examined_with_the_option_only() -> None:
    site = McpSite(challenge="", otherwise=PAGE, others=dict.fromkeys(PLACES))
    refused = examined(site)
    assert refused.code == 2
    assert "--oauth" in refused.errors
    assert examined(site, "--oauth").findings[0] == "metadata-is-html"


def test_a_host_guard_of_the_service_itself_is_named() -> None:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("Invalid Host header", 421)(scope, receive, send)

    assert examined(guarded).findings == ["host-refused"]


def test_of_several_services_it_is_walked_for_the_one_that_asks_for_a_token() -> None:
    listed = JSONResponse([{"prefix": "/items"}])
    described = {
        "openapi": "3.1.0",
        "servers": [{"url": "."}],
        "paths": {"/mcp": {"get": {"operationId": "hello"}}},
    }
    portal = HTMLResponse("<div id=swagger-ui></div><script>ui({url: 'list.json'})</script>")
    site = McpSite(
        others={
            "/": portal,
            "/list.json": listed,
            "/items/openapi.json": JSONResponse(described),
            "/items/mcp/": Response(
                status_code=401,
                headers={"www-authenticate": f'Bearer resource_metadata="{RESOURCE}/items"'},
            ),
            f"{RESOURCE}/items": JSONResponse(
                {"resource": "RESOURCE", "authorization_servers": []},
                headers={"access-control-allow-origin": "*"},
            ),
        },
    )
    with served(site) as port:
        report = run(f"http://127.0.0.1:{port}", "--json").report
    [mismatch] = [each for each in report["findings"] if each["id"] == "resource-mismatch"]
    assert f"type is 'http://127.0.0.1:{port}/items'" in mismatch["answered"]


def test_a_challenge_of_another_public_name_is_a_note_and_no_finding() -> None:
    elsewhere = McpSite(challenge='Bearer resource_metadata="http://127.0.0.1:1/metadata"')
    report = examined(elsewhere).report
    assert report["findings"] == []
    assert any("of another origin" in note for note in report["notes"])


def test_discovery_asks_no_more_than_its_places() -> None:
    asked = examined(McpSite()).report["requests"]
    assert asked <= 40


def test_metadata_that_is_made_of_a_forged_host_is_risky() -> None:
    result = examined(McpSite(checks_host=False))
    assert result.findings == ["host-trusted"]
