"""`services.toml` says which services exist and under which prefix; every other file agrees with it.

The sample proxies of `proxy/examples` show auth and items and no more, whatever else is in the list; without items they
show a service of that name to whoever reads them, and nothing runs them.
"""

import importlib
import json
import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from conformance.proxies import PROXIES
from deploy import health
from deploy.checkout import Checkout
from deploy.docker import DockerStack
from deploy.local.stack import LocalStack
from deploy.settings import load
from gatehouse_chassis.settings import ServiceSettings
from testing.checkout import ROOT
from testing.services import LISTED, OURS

# What the sample proxies show: these two, also when there are more services or fewer.
SAMPLES = {"auth": ("/auth", "127.0.0.1:8001"), "items": ("/items", "127.0.0.1:8002")}
NAMES = [service.name for service in OURS]

# How each sample routes a prefix to a service: pairs of them.
_ROUTES = {
    "examples/nginx/nginx.conf": r"location (?:= )?(/\w+)/? \{ proxy_pass http://(\w+)\$",
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
}


@pytest.mark.parametrize("file", _ROUTES)
def test_a_sample_proxy_leads_each_prefix_to_its_service_and_no_other(file: str) -> None:
    found = list(re.finditer(_ROUTES[file], _read(file)))
    pairs = {(m["prefix"], m["service"]) if m.groupdict() else (m[1], m[2]) for m in found}
    assert pairs == {(prefix, name) for name, (prefix, _) in SAMPLES.items()}


@pytest.mark.parametrize("file", _ADDRESSES)
def test_a_sample_proxy_looks_for_a_service_where_it_listens_by_itself(file: str) -> None:
    found = re.finditer(_ADDRESSES[file], _read(file), re.MULTILINE)
    told = {m[1].lower(): f"{m['host']}:{m['port']}" if m.groupdict() else m[2] for m in found}
    assert told == {name: address for name, (_, address) in SAMPLES.items()}


def test_every_proxy_of_the_matrix_is_looked_at() -> None:
    assert {
        f"examples/{proxy.inner}" for proxy in PROXIES.values()
    } <= _ROUTES.keys() & _ADDRESSES.keys()


@pytest.mark.parametrize("name", [name for name in SAMPLES if name in LISTED])
def test_what_the_samples_show_of_a_service_is_so(name: str) -> None:
    settings = _settings(name)
    assert SAMPLES[name] == (LISTED[name].prefix, settings["bind"].default)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_expects_the_prefix_under_which_it_is_listed(name: str) -> None:
    field = _settings(name)["root_path"]
    assert field.get_default(call_default_factory=True) == LISTED[name].prefix


@pytest.mark.parametrize("name", NAMES)
def test_the_gateway_leads_to_each_service_at_its_prefix(name: str) -> None:
    text = _read("gateway/nginx.conf.template")
    found = re.findall(rf"location (?:= )?(\S+) \{{ .*proxy_pass http://{name};", text)
    assert LISTED[name].prefix in found
    assert f"{LISTED[name].prefix}/" in found


@pytest.mark.parametrize("name", NAMES)
def test_compose_runs_each_service_under_its_prefix_and_tells_the_proxy_where(name: str) -> None:
    variable = name.upper()
    service = _compose()[name]
    assert service["environment"][f"{variable}_ROOT_PATH"] == LISTED[name].prefix
    assert service["command"] == ["python", "-m", LISTED[name].package, "serve"]
    host, _, port = _compose()["proxy"]["environment"][f"{variable}_ADDRESS"].rpartition(":")
    assert host == name
    assert "front" in service["networks"]
    assert service["environment"][f"{variable}_BIND"] == f"0.0.0.0:{port}"


def test_compose_runs_no_other_service() -> None:
    running = {
        service["command"][2]
        for service in _compose().values()
        if service.get("command", [""])[0] == "python"
    }
    assert running == {service.package for service in OURS}


def test_make_up_starts_and_watches_exactly_these_services() -> None:
    checkout = Checkout(ROOT)
    settings = load(checkout, {"PATH": ""})
    assert LocalStack(checkout, settings).services == NAMES
    assert DockerStack(checkout, settings).services == NAMES
    watched = health.paths(settings.own_services)
    assert watched.pop("nginx") == "/"
    assert watched == {one.name: f"{one.prefix}/health/ready" for one in OURS}


def test_the_portal_and_the_common_docs_read_the_list() -> None:
    for page in ("portal.js", "docs/index.html"):
        assert "services.json" in _read(f"site/{page}")
    listed = json.loads(_read("site/services.json"))
    assert {one["name"]: f"/{one['prefix']}" for one in listed} == {
        one.name: f"{one.prefix}/" for one in LISTED.values()
    }


def test_the_portal_itself_names_no_service_but_auth() -> None:
    others = {service.name for service in LISTED.values()} - {"auth"}
    pages = [ROOT / "proxy/site/index.html", ROOT / "proxy/site/portal.js"]
    for file in (*pages, *(ROOT / "proxy/site/portal").glob("*.js")):
        strings = re.findall(r"""["'`]([^"'`]*)["'`]""", file.read_text(encoding="utf-8"))
        naming = [text for text in strings if others & set(re.split(r"[^a-z_]+", text.lower()))]
        assert naming == [], file.name


@pytest.mark.parametrize("service", [one for one in LISTED.values() if one.panel])
def test_a_panel_is_there(service: Any) -> None:
    folder = ROOT / "proxy" / "site" / service.panel
    assert (folder / "panel.js").exists()
    assert (folder / "panel.css").exists()


def test_every_package_that_looks_like_a_service_is_listed() -> None:
    packages = {file.parent.name for file in ROOT.glob("*_service/__init__.py")}
    assert packages == {service.package for service in OURS}


def _compose() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    services: dict[str, Any] = compose["services"]
    return services


def _read(name: str) -> str:
    return (ROOT / "proxy" / name).read_text(encoding="utf-8")


def _settings(name: str) -> Any:
    """The fields of the one settings class of a service."""
    module = importlib.import_module(f"{LISTED[name].package}.settings")
    [settings] = [
        found
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, ServiceSettings)
        and found.__module__ == module.__name__
    ]
    return settings.model_fields
