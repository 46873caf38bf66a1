"""The middleware around applications of other frameworks: they too make the URLs that the client sees."""

from typing import Any

import httpx2
import pytest
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from litestar import Litestar, Request, get
from litestar.response import Redirect
from starlette.types import ASGIApp

from gatehouse_chassis import PublicPrefixMiddleware


def tell_of_django(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.build_absolute_uri()} {reverse('tell')}")


def leave_django(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(reverse("tell"))


urlpatterns = [path("things/", tell_of_django, name="tell"), path("away/", leave_django)]


@pytest.fixture(scope="module")
def django() -> ASGIApp:
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of a test")
    app: ASGIApp = get_asgi_application()
    return app


@get("/things", name="tell", sync_to_thread=False)
def tell_of_litestar(request: Request[Any, Any, Any]) -> str:
    root_path = request.scope["root_path"]
    return f"{request.url} {root_path}{request.app.route_reverse('tell')}"


@get("/away", sync_to_thread=False)
def leave_litestar(request: Request[Any, Any, Any]) -> Redirect:
    return Redirect(f"{request.scope['root_path']}{request.app.route_reverse('tell')}")


@pytest.fixture(scope="module")
def litestar() -> Litestar:
    return Litestar([tell_of_litestar, leave_litestar])


@pytest.mark.parametrize(("framework", "slash"), [("django", "/"), ("litestar", "")])
@pytest.mark.parametrize("kept", ["", "/notes"], ids=["stripped", "kept"])
@pytest.mark.parametrize("outer", ["", "/outer"])
async def test_urls_and_redirects_are_right(
    request: pytest.FixtureRequest, framework: str, slash: str, kept: str, outer: str
) -> None:
    app = PublicPrefixMiddleware(
        request.getfixturevalue(framework), root_path="/notes", trusted_proxies=["127.0.0.1"]
    )
    headers = {"X-Forwarded-Proto": "https", **({"X-Forwarded-Prefix": outer} if outer else {})}
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://notes.test") as client:
        told = await client.get(f"{kept}/things{slash}", headers=headers)
        away = await client.get(f"{kept}/away{slash}", headers=headers)
    prefix = f"{outer}/notes"
    assert told.text == f"https://notes.test{prefix}/things{slash} {prefix}/things{slash}"
    assert away.headers["location"] == ("../things/" if slash else "things")
