"""What strangers name is fetched from the public Internet or not at all."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest

from auth_service.clients import public_fetch
from auth_service.clients.public_fetch import NotFetched, fetch_public, is_public
from testing.serving import make_certificate

URL = "https://app.example/client.json"
PUBLIC = "93.184.216.34"
JSON = {"Content-Type": "application/json"}


class Server:
    """A server of the Internet, as the fetch reaches it."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return self.answer

    async def fetch(self, url: str = URL, *addresses: str) -> bytes:
        async def resolve(_host: str) -> Sequence[str]:
            return addresses or [PUBLIC]

        def new_client(_url: str) -> httpx2.AsyncClient:
            return httpx2.AsyncClient(transport=httpx2.MockTransport(self))

        return await fetch_public(url, max_bytes=100, resolve=resolve, new_client=new_client)


def good(content: bytes = b"{}", **headers: str) -> httpx2.Response:
    return httpx2.Response(200, headers={**JSON, **headers}, content=content)


@pytest.mark.parametrize(
    ("address", "host"), [(PUBLIC, PUBLIC), ("2606:2800:220:1::1", "[2606:2800:220:1::1]")]
)
async def test_it_asks_the_address_that_was_checked_in_the_name_of_the_host(
    address: str, host: str
) -> None:
    server = Server(good(b'{"a": 1}'))
    assert await server.fetch(URL, address) == b'{"a": 1}'
    [request] = server.asked
    assert str(request.url) == f"https://{host}/client.json"
    assert request.headers["Host"] == "app.example"
    assert request.extensions["sni_hostname"] == "app.example"
    assert "cookie" not in request.headers
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/client.json",
        "https://app.example",
        "https://app.example/",
        "https://app.example/a/../b",
        "https://app.example/./b",
        "https://app.example/a?b=c",
        "https://app.example/a#b",
        "https://app.example:8443/a",
        "https://app.example:443/a",
        "https://user@app.example/a",
        "https://user:password@app.example/a",
        "https://localhost/a",
        "https://auth/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://[::1]/a",
        "https://APP.example/a",
        "https://app.example./a",
        "https://app..example/a",
        "https://app.example/a%2e%2e",
        "https://app.example\\@evil.example/a",
        "https://app.example/a\n",
        " https://app.example/a",
        "file:///etc/passwd",
        "https://äpp.example/a",
    ],
)
async def test_a_url_of_another_form_is_not_fetched(url: str) -> None:
    server = Server(good())
    with pytest.raises(NotFetched):
        await server.fetch(url)
    assert server.asked == []


INSIDE = [
    *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.216.34"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001:db8::1", "2001::1", "2002:7f00:1::"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "5f00::1"),
    *("", "localhost", "127.1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_the_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("addresses", [["10.0.0.1"], [PUBLIC, "127.0.0.1"], ["::1", PUBLIC]])
async def test_a_name_with_any_address_of_the_inside_is_not_fetched(addresses: list[str]) -> None:
    server = Server(good())
    with pytest.raises(NotFetched, match="cannot be reached"):
        await server.fetch(URL, *addresses)
    assert server.asked == []


async def test_a_name_of_this_machine_is_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    async def getaddrinfo(*_arguments: object, **_options: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    with pytest.raises(NotFetched, match="cannot be reached"):
        await fetch_public(URL, max_bytes=100)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx2.Response(302, headers={"Location": "https://127.0.0.1/"}), "answered 302"),
        (httpx2.Response(404, headers=JSON), "answered 404"),
        (httpx2.Response(200, headers={"Content-Type": "text/html"}), "application/json"),
        (good(b"x" * 101), "more than 100 bytes"),
        (
            httpx2.Response(
                200,
                headers={**JSON, "Content-Encoding": "gzip"},
                stream=httpx2.ByteStream(b"\x1f\x8b"),
            ),
            "compressed",
        ),
    ],
)
async def test_any_other_answer_is_none(answer: httpx2.Response, why: str) -> None:
    server = Server(answer)
    with pytest.raises(NotFetched, match=why):
        await server.fetch()
    assert len(server.asked) == 1


async def test_a_server_that_takes_its_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_fetch, "SECONDS", 0.05)

    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    server = Server(httpx2.Response(200, headers=JSON, content=drip()))
    with pytest.raises(NotFetched, match="did not answer within"):
        await server.fetch()


async def test_tls_checks_the_name_and_not_the_address(tmp_path: Path) -> None:
    """The certificate of the server is of 127.0.0.1, which is where the connection goes."""
    made = make_certificate(tmp_path)
    offered: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    context.sni_callback = lambda _socket, name, _context: offered.append(name)

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    async with server, httpx2.AsyncClient(verify=trusting, trust_env=False) as client:
        with pytest.raises(httpx2.ConnectError, match=r"app\.example"):
            await client.get(
                f"https://127.0.0.1:{port}/", extensions={"sni_hostname": "app.example"}
            )
    assert offered == ["app.example"]
