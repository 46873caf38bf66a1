"""The table of Swagger UI 5.35.0's own behaviour, measured with its real bundle."""

import pytest

from doctor.swagger_ui import openapi_address, swagger_ui_address

PAGE = "https://ex.com/outer/items/docs"
DOCUMENT = "https://ex.com/outer/items/openapi.json"


@pytest.mark.parametrize("server", ["/outer/items", "/outer/items/", ".", "./", None, ""])
@pytest.mark.parametrize(
    ("token_url", "address"),
    [
        ("token", "https://ex.com/outer/items/token"),
        ("./token", "https://ex.com/outer/items/token"),
        ("/token", "https://ex.com/token"),
        ("auth/token", "https://ex.com/outer/items/auth/token"),
        ("../auth/token", "https://ex.com/outer/auth/token"),
        ("/auth/token", "https://ex.com/auth/token"),
        ("https://id.ex.com/token", "https://id.ex.com/token"),
    ],
)
def test_swagger_ui_resolves_against_its_page_when_the_server_is_relative(
    token_url: str, address: str, server: str | None
) -> None:
    assert swagger_ui_address(token_url, page=PAGE, server=server) == address


@pytest.mark.parametrize(
    ("token_url", "server", "address"),
    [
        ("token", "https://ex.com/outer/items", "https://ex.com/outer/token"),
        ("token", "https://ex.com/outer/items/", "https://ex.com/outer/items/token"),
        ("../auth/token", "https://ex.com/outer/items", "https://ex.com/auth/token"),
        ("../auth/token", "https://ex.com/outer/items/", "https://ex.com/outer/auth/token"),
    ],
)
def test_swagger_ui_resolves_against_an_absolute_server(
    token_url: str, server: str, address: str
) -> None:
    assert swagger_ui_address(token_url, page=PAGE, server=server) == address


@pytest.mark.parametrize(
    ("token_url", "server", "address"),
    [
        ("token", "/outer/items", "https://ex.com/outer/token"),
        ("token", "/outer/items/", "https://ex.com/outer/items/token"),
        ("token", ".", "https://ex.com/outer/items/token"),
        ("../auth/token", ".", "https://ex.com/outer/auth/token"),
        ("token", None, "https://ex.com/token"),
    ],
)
def test_the_openapi_text_resolves_against_the_server(
    token_url: str, server: str | None, address: str
) -> None:
    assert openapi_address(token_url, document=DOCUMENT, server=server) == address
