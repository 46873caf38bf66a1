"""Which redirect URIs may be registered, and which of them a request may name."""

import pytest

from auth_service.clients.redirect_uris import check_redirect_uri, is_registered


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback",
        "https://app.example:8443/callback?from=gatehouse",
        "https://app.example",
        "https://[2001:db8::1]/callback",
        "http://localhost:3000/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:49152/callback",
        "http://[::1]/callback",
        "com.example.app:/callback",
    ],
)
def test_a_redirect_uri_that_nobody_can_listen_to_is_accepted(uri: str) -> None:
    assert check_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/callback",
        "http://localhost.evil.example/callback",
        "http://localhost@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "https://app.example/callback#fragment",
        "https://user@app.example/callback",
        "https://*.example/callback",
        "https://app.example\\@evil.example/",
        "https://app.example/a b",
        "https://app.example/\N{SNOWMAN}",
        "https://app.example/\n",
        "https://[1]/callback",
        "https://[:::]/callback",
        "https:///callback",
        "https://",
        "//app.example/callback",
        "/callback",
        "callback",
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app:/callback",
        "com.example.app://host@evil/",
        "https://app.example/'onclick=x",
        "https://app.example/" + "x" * 1024,
    ],
)
def test_a_redirect_uri_that_could_mislead_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="a redirect URI"):
        check_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://app.example/x/../callback",
        "https://app.example/callbac%6B",
        "https://app.example/callback#",
        "http://app.example/callback",
    ],
)
@pytest.mark.parametrize("native", [True, False])
def test_a_redirect_uri_is_compared_character_by_character(uri: str, native: bool) -> None:
    registered = ["https://app.example/callback"]
    assert is_registered(registered[0], registered, native=native)
    assert not is_registered(uri, registered, native=native)


LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_native_app_may_listen_on_any_port_of_its_own_computer(host: str) -> None:
    registered = [f"http://{host}/callback"]
    assert is_registered(f"http://{host}:51004/callback", registered, native=True)
    assert not is_registered(f"http://{host}:51004/callback", registered, native=False)
    assert not is_registered(f"http://{host}:51004/other", registered, native=True)
    assert not is_registered(f"http://{host}:51004@evil.example/callback", registered, native=True)
    for other in set(LOOPBACK) - {host}:
        assert not is_registered(f"http://{other}:51004/callback", registered, native=True)
    assert not is_registered(f"https://{host}:51004/callback", registered, native=True)
