"""Request ids and metrics in an application that is nobody's service: each part alone, and beside the others."""

from typing import Any

import pytest
from fastapi import FastAPI, Request, Security
from fastapi.testclient import TestClient

from gatehouse_chassis import (
    PublicPrefixMiddleware,
    RequestIdMiddleware,
    ResourceServer,
    add_docs,
    add_metrics,
    add_problems,
    health_routes,
)


def app_with(*parts: Any) -> TestClient:
    app = FastAPI()

    @app.get("/things/{number}")
    async def thing(number: int, request: Request) -> str:
        return str(getattr(request.state, "request_id", number))

    for part in parts:
        part(app)
    return TestClient(app, raise_server_exceptions=False)


def with_ids(app: FastAPI, **options: Any) -> None:
    app.add_middleware(RequestIdMiddleware, **options)


def test_every_answer_has_an_id_that_the_application_knows() -> None:
    client = app_with(with_ids)
    first, second = client.get("/things/1"), client.get("/things/1")
    assert first.json() == first.headers["x-request-id"]
    assert first.json() != second.json()
    assert client.get("/nowhere").headers["x-request-id"]


@pytest.mark.parametrize("sent", ["evil\nline", "x", "a" * 200, "<b>12345678"])
def test_an_id_from_outside_is_taken_where_that_was_chosen_and_is_harmless(sent: str) -> None:
    believing = app_with(lambda app: with_ids(app, from_proxy=True))
    harmless = {"X-Request-ID": "0123-abcd"}
    assert believing.get("/things/1", headers=harmless).json() == "0123-abcd"
    assert app_with(with_ids).get("/things/1", headers=harmless).json() != "0123-abcd"
    assert believing.get("/things/1", headers={"X-Request-ID": sent}).json() != sent


def test_answers_are_counted_by_the_template_of_their_route() -> None:
    client = app_with(add_metrics)
    for path in ("/things/1", "/things/2", "/nowhere"):
        client.get(path)
    text = client.get("/metrics").text
    assert 'route="/things/{number}",status="200"} 2.0' in text
    assert 'route="unmatched",status="404"} 1.0' in text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_who_comes_through_a_proxy_finds_no_metrics_whatever_reads_its_headers(header: str) -> None:
    def behind_a_proxy(app: FastAPI) -> None:
        app.add_middleware(PublicPrefixMiddleware, trusted_proxies=["127.0.0.1"])

    for parts in ((add_metrics,), (add_metrics, behind_a_proxy)):
        client = app_with(*parts)
        assert client.get("/metrics", headers={header: "x"}).status_code == 404
        assert client.get("/metrics").status_code == 200


def test_errors_and_health_each_come_alone() -> None:
    client = app_with(add_problems, lambda app: app.include_router(health_routes({})))
    answer = client.get("/things/x", headers={"Accept": "text/html"})
    assert (answer.json()["code"], "request_id" in answer.json()) == ("invalid_input", False)
    assert client.get("/health/ready").json() == {"status": "ready", "checks": {}}


def test_a_docs_page_may_ask_the_issuer_of_another_origin_and_no_one_else() -> None:
    def policy(auth_url: str) -> str:
        server = ResourceServer(
            issuer="https://id.example.com:8443/x", audience="n", auth_url=auth_url
        )
        app = FastAPI(docs_url=None, redoc_url=None)
        app.add_api_route("/", lambda: "", dependencies=[Security(server.bearer)])
        add_docs(app)
        return TestClient(app).get("/docs").headers["content-security-policy"]

    assert policy("https://id.example.com:8443/x/").endswith(
        "; connect-src 'self' https://id.example.com:8443"
    )
    assert "connect-src" not in policy("../auth/")
