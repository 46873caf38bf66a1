"""proxy/site/services.json says which services exist and under which prefix; every other file agrees with it."""

import importlib
import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from conformance.proxies import PROXIES
from deploy import docker, health
from deploy.local import stack
from gatehouse_chassis.settings import ServiceSettings
from testing.checkout import ROOT

_LISTED = json.loads((ROOT / "proxy" / "site" / "services.json").read_text(encoding="utf-8"))
PREFIXES: dict[str, str] = {entry["name"]: "/" + entry["prefix"].strip("/") for entry in _LISTED}

# How each kind of file routes a prefix to a service: pairs of them.
_ROUTES = {
    "examples/nginx/nginx.conf": r"location (?:= )?(/\w+)/? \{ proxy_pass http://(\w+)\$",
    "gateway/nginx.conf.template": r"location (?:= )?(/\w+)/? \{ proxy_pass http://(\w+);",
    "examples/caddy/Caddyfile": r"@(?P<service>\w+) path (?P<prefix>/\w+) (?P=prefix)/\*\n",
    "examples/haproxy/haproxy.cfg": r"use_backend (?P<service>\w+) if \{ path (?P<prefix>/\w+) \} or "
    r"\{ path_beg (?P=prefix)/ \}",
    "examples/apache/httpd.conf": r"ProxyPass (/\w+) \$\{(\w+)\} ",
    "examples/envoy/envoy.yaml": r"path_separated_prefix: (/\w+)\}\s+route:\s+cluster: (\w+)",
}
# How each names the address of a service.
_ADDRESSES = {
    "examples/nginx/nginx.conf": r"upstream (\w+) \{ server ([\d.:]+); \}",
    "examples/caddy/Caddyfile": r"uri path_regexp \^/(\w+)/\? /\n\s+reverse_proxy ([\d.:]+)",
    "examples/haproxy/haproxy.cfg": r"server (\w+) ([\d.:]+)",
    "examples/apache/httpd.conf": r"^Define (\w+) http://([\d.:]+)",
    "examples/envoy/envoy.yaml": r"cluster_name: (\w+)\s+endpoints:\s+- lb_endpoints:\s+- endpoint: .*"
    r"(?P<host>127\.0\.0\.1), port_value: (?P<port>\d+)",
    "gateway/start.sh": r"^  (\w+)_ADDRESS +([\d.:]+) ",
}


@pytest.mark.parametrize("file", _ROUTES)
def test_a_proxy_leads_each_prefix_to_its_service_and_no_other(file: str) -> None:
    found = list(re.finditer(_ROUTES[file], _read(file)))
    pairs = {(m["prefix"], m["service"]) if m.groupdict() else (m[1], m[2]) for m in found}
    assert pairs == {(prefix, name) for name, prefix in PREFIXES.items()}


@pytest.mark.parametrize("file", _ADDRESSES)
def test_a_proxy_looks_for_a_service_where_it_listens_by_itself(file: str) -> None:
    found = re.finditer(_ADDRESSES[file], _read(file), re.MULTILINE)
    told = {m[1].lower(): f"{m['host']}:{m['port']}" if m.groupdict() else m[2] for m in found}
    assert told == {name: _settings(name)["bind"].default for name in PREFIXES}


def test_every_proxy_of_the_matrix_is_looked_at() -> None:
    assert {
        f"examples/{proxy.inner}" for proxy in PROXIES.values()
    } <= _ROUTES.keys() & _ADDRESSES.keys()


@pytest.mark.parametrize("name", PREFIXES)
def test_a_service_expects_the_prefix_under_which_it_is_listed(name: str) -> None:
    assert _settings(name)["root_path"].default == PREFIXES[name]


@pytest.mark.parametrize("name", PREFIXES)
def test_compose_runs_each_service_under_its_prefix_and_tells_the_proxy_where(name: str) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    variable = name.upper()
    service = compose["services"][name]
    told = service["environment"].get(f"{variable}_ROOT_PATH", PREFIXES[name])
    assert told in (PREFIXES[name], f"${{{variable}_ROOT_PATH:-{PREFIXES[name]}}}")
    assert service["command"] == ["python", "-m", f"{name}_service", "serve"]
    address, _, port = compose["services"]["proxy"]["environment"][
        f"{variable}_ADDRESS"
    ].rpartition(":")
    assert service["networks"]["front"]["ipv4_address"] == address
    assert service["environment"][f"{variable}_BIND"] == f"0.0.0.0:{port}"


def test_compose_runs_no_other_service() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    running = {
        service["command"][2].removesuffix("_service")
        for service in compose["services"].values()
        if service.get("command", [""])[0] == "python"
    }
    assert running == PREFIXES.keys()


def test_make_up_starts_and_watches_exactly_these_services() -> None:
    assert set(stack.SERVICES) == PREFIXES.keys()
    assert set(docker.SERVICES) == {*PREFIXES, "postgres", "proxy"}
    watched = {name: path for name, path in health.PATHS.items() if name != "nginx"}
    assert watched == {name: f"{prefix}/health/ready" for name, prefix in PREFIXES.items()}


def test_the_portal_and_the_common_docs_read_the_list() -> None:
    for page in ("portal.js", "docs/index.html"):
        assert "services.json" in _read(f"site/{page}")


def test_the_portal_speaks_to_no_service_that_is_not_listed() -> None:
    spoken_to = set(re.findall(r'"(\w+)/', _read("site/portal.js")))
    assert spoken_to
    assert spoken_to <= PREFIXES.keys()


def _read(name: str) -> str:
    return (ROOT / "proxy" / name).read_text(encoding="utf-8")


def _settings(name: str) -> Any:
    module = importlib.import_module(f"{name}_service.settings")
    settings: type[ServiceSettings] = getattr(module, f"{name.title()}Settings")
    return settings.model_fields
