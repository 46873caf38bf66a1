"""Fragments of configuration in whole files of the programs that they are for, checked and run.

What is not installed is skipped, but for nginx, which CI must have.
"""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not worth a dependency

from doctor.fixes import fix
from testing.http import listens
from testing.other_nginx import nginx_command, write_configuration
from testing.ports import free_port
from testing.processes import Program

# Proxies are installed where users without rights do not look, and in the tests' own environment.
_PATH = os.pathsep.join(
    (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin")
)


@dataclass(frozen=True)
class _Files:
    """Where a proxy's whole file goes, and the ports in it."""

    folder: Path
    port: int
    upstream: int = 8000


def assert_accepted(proxy: str, fragment: str, folder: Path) -> None:
    """Let `proxy` check its own fragment; skip the test where it is not installed."""
    if proxy == "traefik":
        # Its binary is on no registry that the tests may ask, so the shape is all that is checked.
        assert set(yaml.safe_load(fragment)) <= {"http", "entryPoints"}
        return
    check, _run = _COMMANDS[proxy](fragment, _Files(folder, free_port()))
    result = subprocess.run(
        check, capture_output=True, text=True, timeout=60, env=_environment(folder)
    )
    assert result.returncode == 0, textwrap.shorten(result.stderr + result.stdout, 2000)


@contextmanager
def running_proxy(proxy: str, fragment: str, folder: Path, *, upstream: int) -> Iterator[str]:
    """Run `proxy` with this fragment in front of the port `upstream`, and yield its origin."""
    port = free_port()
    _check, command = _COMMANDS[proxy](fragment, _Files(folder, port, upstream))
    with Program(
        proxy, command, environment=_environment(folder), log=folder / "proxy.log"
    ) as program:
        program.wait_until(lambda: listens(port), seconds=20, what=f"{proxy} listens")
        yield f"http://127.0.0.1:{port}"


Command = list[str | Path]


def _nginx(fragment: str, files: _Files) -> tuple[Command, Command]:
    whole = fragment.lstrip().startswith("server {")
    write_configuration(
        files.folder,
        port=files.port,
        server="" if whole else fragment,
        http=fragment.replace("listen 80", f"listen 127.0.0.1:{free_port()}") if whole else "",
    )
    return nginx_command(files.folder, "-t"), nginx_command(files.folder, "-g", "daemon off;")


def _caddy(fragment: str, files: _Files) -> tuple[Command, Command]:
    file = files.folder / "Caddyfile"
    is_global = fragment.lstrip().startswith("{")
    options = fragment if is_global else "{\n\tadmin off\n}"
    inside = "respond 404" if is_global else fragment
    file.write_text(f"{options}\nhttp://127.0.0.1:{files.port} {{\n{inside}\n}}\n")
    words: Command = ["--adapter", "caddyfile", "--config", file]
    return [_find("caddy"), "validate", *words], [_find("caddy"), "run", *words]


def _haproxy(fragment: str, files: _Files) -> tuple[Command, Command]:
    file = files.folder / "haproxy.cfg"
    timeouts = "".join(f"    timeout {name} 10s\n" for name in ("client", "server", "connect"))
    frontend = f"frontend public\n    bind 127.0.0.1:{files.port}\n"
    text = fragment if "frontend public\n" in fragment else f"frontend public\n{fragment}"
    text = text.replace("frontend public\n", frontend)
    if "use_backend service" in text and "\nbackend service" not in text:
        text += "\n\nbackend service\n    server one 127.0.0.1:8000"
    file.write_text(f"defaults\n    mode http\n{timeouts}\n{text}\n")
    return [_find("haproxy"), "-c", "-f", file], [_find("haproxy"), "-db", "-f", file]


def _apache(fragment: str, files: _Files) -> tuple[Command, Command]:
    program = _find("apache2", "httpd")
    modules = program.parents[1] / "lib" / "apache2" / "modules"
    if not modules.is_dir():
        pytest.skip("Apache's modules are not where Debian puts them")
    names = ("mpm_event", "authz_core", "proxy", "proxy_http", "headers", "alias", "rewrite")
    loaded = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in names)
    user = "User www-data\nGroup www-data\n" if os.getuid() == 0 else ""
    folder = files.folder
    file = folder / "httpd.conf"
    file.write_text(
        f'{loaded}\n{user}ServerRoot "{folder}"\nDefaultRuntimeDir "{folder}"\nPidFile "{folder}/pid"\n'
        f"ServerName example.com\nErrorLog /dev/stderr\nListen 127.0.0.1:{files.port}\n"
        f"<VirtualHost *>\n{fragment}\n</VirtualHost>\n"
    )
    return [program, "-t", "-f", file], [program, "-X", "-f", file]


def _envoy(fragment: str, files: _Files) -> tuple[Command, Command]:
    types = "type.googleapis.com/envoy.extensions.filters"
    router = {"@type": f"{types}.http.router.v3.Router"}
    manager = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "public",
        "route_config": {},
        "http_filters": [{"name": "router", "typed_config": router}],
    } | yaml.safe_load(fragment)
    listener = {
        "address": _address(files.port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": _address(files.upstream)}}
    cluster = {
        "name": "service",
        "connect_timeout": "1s",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "service",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
    file = files.folder / "envoy.yaml"
    resources = {"listeners": [listener], "clusters": [cluster]}
    file.write_text(yaml.safe_dump({"static_resources": resources}))
    command: Command = [_find("envoy"), "-c", file, "--use-dynamic-base-id"]
    return [*command, "--mode", "validate"], command


def _address(port: int) -> dict[str, dict[str, str | int]]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


_COMMANDS: dict[str, Callable[[str, _Files], tuple[Command, Command]]] = {
    "nginx": _nginx,
    "caddy": _caddy,
    "haproxy": _haproxy,
    "apache": _apache,
    "envoy": _envoy,
}


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": _PATH, "HOME": str(folder)}


def _find(*names: str) -> Path:
    for name in names:
        if program := shutil.which(name, path=_PATH):
            return Path(program)
    pytest.skip(f"{names[0]} is not installed")


def proposed(proxy: str, setting: str, port: int) -> str:
    """Return what the doctor proposes to users of `proxy` for /items and a service on `port`."""
    way = "keep" if setting == "keep-the-prefix" else "strip"
    text = fix(proxy, setting, way).replace("@PREFIX@", "/items")
    return text.replace("@UPSTREAM@", f"127.0.0.1:{port}")


def fenced(page: str, language: str) -> list[str]:
    """Return the blocks of a Markdown page that are marked with `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
