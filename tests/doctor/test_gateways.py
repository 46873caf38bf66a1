"""A gateway is recognised by its headers or its address, and the report says where it is set."""

import httpx2
import pytest
from starlette.responses import JSONResponse

from doctor.deployment import Answer
from doctor.gateways import GATEWAYS, gateway_of
from testing.serving import served
from tests.doctor.command import run


def answer(headers: dict[str, str], body: bytes = b"") -> Answer:
    return Answer("GET", "https://example.com/items/", 200, httpx2.Headers(headers), body)


@pytest.mark.parametrize(
    ("name", "url", "headers"),
    [
        ("Cloudflare", "https://example.com", {"server": "cloudflare", "cf-ray": "1"}),
        (
            "Cloudflare Access",
            "https://example.com",
            {"cf-ray": "1", "location": "https://team.cloudflareaccess.com/cdn-cgi/access/login"},
        ),
        ("CloudFront", "https://example.com", {"via": "1.1 a.cloudfront.net (CloudFront)"}),
        ("API Gateway", "https://example.com/prod", {"x-amz-apigw-id": "1"}),
        ("Application Load Balancer", "https://example.com", {"server": "awselb/2.0"}),
        ("Azure Front Door", "https://example.com", {"x-azure-ref": "1"}),
        ("Google Cloud load balancer", "https://example.com", {"via": "1.1 google"}),
        ("Kong", "https://example.com", {"via": "1.1 kong/3.9"}),
        ("Istio", "https://example.com", {"server": "istio-envoy"}),
        ("JupyterHub", "https://hub.example.com/user/anna/proxy/8000", {}),
        ("code-server", "https://code.example.com/absproxy/8000", {}),
        ("Tailscale", "https://box.tail1.ts.net/items", {}),
        ("Codespaces", "https://fluffy-8000.app.github.dev", {}),
    ],
)
def test_a_gateway_is_known_by_name(name: str, url: str, headers: dict[str, str]) -> None:
    gateway = gateway_of(url, [answer(headers)])
    assert gateway is not None
    assert gateway.name == name


def test_what_is_nothing_special_is_no_gateway() -> None:
    plain = answer({"server": "nginx", "via": "1.1 varnish"}, b"not found")
    assert gateway_of("https://example.com/items", [plain]) is None
    assert gateway_of("https://example.com/items", [answer({}, b"default backend - 404")])


def test_the_report_says_where_a_gateway_is_set() -> None:
    with served(JSONResponse({}, headers={"via": "1.1 kong/3.9"})) as port:
        result = run(f"http://127.0.0.1:{port}/")
        report = run(f"http://127.0.0.1:{port}/", "--json").report
    assert "strip_path" in result.output
    assert report["gateway"] == "Kong"


def test_each_gateway_has_advice_and_a_way_to_be_known() -> None:
    assert all(gateway.advice and (gateway.headers or gateway.address) for gateway in GATEWAYS)
