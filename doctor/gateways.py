"""Gateways in front by name, by what they cannot help saying, and how each does what proxies must do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from doctor.deployment import Answer


@dataclass(frozen=True)
class Gateway:
    """One gateway.

    Attributes:
        name: as its makers write it.
        headers: what its answers say: a header's name, and a word of its value in lower case.
        address: how public addresses behind it look (a regular expression).
        advice: what it does with prefix, host and scheme, and where that is set.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = ()
    address: str = ""
    advice: str = ""


# What stands in front of another comes first.
GATEWAYS = (
    Gateway(
        "Cloudflare Access",
        (("location", "cloudflareaccess.com"), ("cf-access-domain", "")),
        advice="It asks for a sign-in: examine with --header 'CF-Access-Client-Id: ...' and --header "
        "'CF-Access-Client-Secret: ...', and let a Bypass policy pass /.well-known/ and the OAuth endpoints.",
    ),
    Gateway(
        "Cloudflare",
        (("cf-ray", ""), ("server", "cloudflare")),
        advice="It keeps the path, and a Tunnel cannot strip a prefix: set the service up for a kept prefix, or strip "
        "it by a Transform Rule (Rewrite URL). Host is the public one unless the Tunnel's httpHostHeader is set.",
    ),
    Gateway(
        "CloudFront",
        (("x-amz-cf-id", ""), ("via", "cloudfront")),
        advice="It keeps the path; a CloudFront Function on the viewer request strips. Host and Authorization reach "
        "the origin by the origin request policy AllViewer only, and the scheme as CloudFront-Forwarded-Proto.",
    ),
    Gateway(
        "API Gateway",
        (("x-amz-apigw-id", ""), ("apigw-requestid", "")),
        advice="The stage is a prefix that the service is not told: give it as its root path, or use a custom domain "
        "whose mapping has none. {proxy+} takes the slash at the end of a path away.",
    ),
    Gateway(
        "Application Load Balancer",
        (("server", "awselb"),),
        advice="It keeps the path, unless a rule has a URL rewrite: set the service up for a kept prefix. It sends "
        "X-Forwarded-Proto, and adds to the X-Forwarded-For of clients.",
    ),
    Gateway(
        "Azure Application Gateway",
        (("server", "microsoft-azure-application-gateway"),),
        advice="'Override with new host name' in the backend settings replaces Host (the public one is in "
        "X-Original-Host): set it to No. 'Override backend path' strips the prefix.",
    ),
    Gateway(
        "Azure Front Door",
        (("x-azure-ref", ""),),
        advice="The origin's host header replaces Host (the public one is in X-Forwarded-Host): leave it empty. A rule "
        "with URL rewrite strips the prefix.",
    ),
    Gateway(
        "Google Cloud load balancer",
        (("via", "1.1 google"),),
        advice="pathPrefixRewrite in the URL map's urlRewrite strips the prefix; without it the path is kept. It sends "
        "X-Forwarded-Proto.",
    ),
    Gateway(
        "Kong",
        (("via", "kong"), ("server", "kong"), ("x-kong-proxy-latency", "")),
        advice="A Route's strip_path is true by default and strips; preserve_host: true passes the public Host on. It "
        "announces the prefix as X-Forwarded-Prefix.",
    ),
    Gateway(
        "Istio",
        (("server", "istio-envoy"),),
        advice="rewrite: {uri: /} in a VirtualService strips; match the prefix with its slash (/items/), and /items "
        "exactly beside it: from /items alone comes //.",
    ),
    Gateway(
        "JupyterHub",
        (("x-jupyterhub-version", ""),),
        r"/user/[^/]+/proxy/\d+",
        advice="jupyter-server-proxy strips below /proxy/PORT and keeps the path below /proxy/absolute/PORT; it "
        "announces nothing that a Python server reads, and before 4.6 sends relative redirects to a wrong place.",
    ),
    Gateway(
        "code-server",
        address=r"/(abs)?proxy/\d+",
        advice="/proxy/PORT strips, /absproxy/PORT keeps the path (with its own prefix by --abs-proxy-base-path).",
    ),
    Gateway(
        "Tailscale",
        address=r"^https?://[^/]+\.ts\.net(/|:|$)",
        advice="tailscale serve --set-path strips the prefix and announces nothing: tell the service its prefix.",
    ),
    Gateway(
        "Codespaces",
        address=r"^https://[^/]+\.(app\.github\.dev|githubpreview\.dev)(/|$)",
        advice="Host is localhost; the public one is in X-Forwarded-Host. A private port answers with a sign-in.",
    ),
    Gateway(
        "ingress-nginx",
        (("body", "default backend - 404"),),
        advice="It was retired in March 2026. Its rewrite-target strips; in the Gateway API that is a URLRewrite "
        "filter with ReplacePrefixMatch, on a match whose prefix ends in a slash.",
    ),
)


def gateway_of(url: str, answers: Iterable[Answer]) -> Gateway | None:
    """Return what stands in front of `url`, as far as its answers or its address say so."""
    given = [*answers]
    for gateway in GATEWAYS:
        if gateway.address and re.search(gateway.address, url):
            return gateway
        for answer in given:
            for name, word in gateway.headers:
                said = answer.text[:200] if name == "body" else answer.headers.get(name)
                if said is not None and word in said.lower():
                    return gateway
    return None
