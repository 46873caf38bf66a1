"""Runs cells of the real matrix one after the other, with the services of one server at a time."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.deployments import THE_STACKS, running_deployment
from conformance.proxies import PROXIES, folder_for_every_user
from conformance.run import Cell, Outcome, run_cell
from conformance.servers import SERVERS, Services, running_services
from conformance.ways import WAYS
from testing.certificates import Certificates

_WAYS = {way.name: way for way in WAYS}


def what_lacks(cell: Cell) -> str:
    """How to get what the cell needs and this machine does not have, or nothing."""
    proxy = PROXIES["nginx" if cell.proxy == THE_STACKS else cell.proxy]
    if proxy.program() is None:
        return f"{proxy.name} is not installed: {proxy.install}"
    if not SERVERS[cell.server].is_installed:
        return f"{cell.server} is not installed: uv sync --group conformance"
    return ""


class Bench:
    """Certificates, a folder, and the services of the server that was asked for last."""

    def __enter__(self) -> Self:
        self._all = ExitStack()
        self._folder = self._all.enter_context(folder_for_every_user())
        self._certificates = Certificates(self._folder)
        self._server = self._all.enter_context(ExitStack())
        self._services: dict[tuple[str, bool], Services] = {}
        self._count = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._all.close()

    def run(self, cell: Cell) -> list[Outcome]:
        """Starts the proxies of a cell and, where they do not run yet, its services; runs every case."""
        way = _WAYS[cell.way]
        services = self._services_of(cell.server, unix=way.unix)
        with running_deployment(
            cell.proxy, way, services, self._new_folder(), self._certificates
        ) as views:
            return run_cell(cell, views)

    def _services_of(self, server: str, *, unix: bool) -> Services:
        if any(other != server for other, _ in self._services):
            self._server.close()
            self._services.clear()
        if (server, unix) not in self._services:
            self._services[server, unix] = self._server.enter_context(
                running_services(SERVERS[server], self._new_folder(), unix=unix)
            )
        return self._services[server, unix]

    def _new_folder(self) -> Path:
        self._count += 1
        return self._folder / str(self._count)
