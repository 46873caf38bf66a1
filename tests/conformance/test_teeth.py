"""The suite can fail: it finds in FastAPI by itself what today's servers make of it."""

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance import app
from conformance.imitations import DIALECTS, views_of
from conformance.run import Cell, Verdict, run_cell
from conformance.ways import WAYS


class AsServersRunIt:
    """The same service without the chassis around it.

    Args:
        prepends: the server puts the root path in front of the path (uvicorn), or does not (the others).
    """

    def __init__(self, *, prepends: bool) -> None:
        self._service = app.items()
        self._stack: ASGIApp = FastAPI.build_middleware_stack(self._service)
        self._prepends = prepends

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = f"/items{scope['path']}" if self._prepends else scope["path"]
        state = {"request_id": "", "came_through_a_proxy": False}
        told = {"root_path": "/items", "path": path, "app": self._service, "state": state}
        await self._stack({**scope, **told}, receive, send)


@pytest.mark.parametrize(
    ("prepends", "way", "broken"),
    [
        # What --root-path means to uvicorn, and to gunicorn -k asgi, hypercorn and granian.
        (True, "stripped", {"H4", "N5", "U2"}),
        (True, "kept", {"C1", "C2", "C3", "C4", "C5", "C7", "C11", "C12", "C13"}),
        (False, "stripped", {"C1", "C2", "C3", "C11", "C12"}),
        (False, "kept", {"H4", "N5", "U2"}),
        (True, "TLS ended at the proxy", {"C1", "C2", "C16", "H1", "H6"}),
        (True, "outer prefix unannounced, stripped", {"C2", "C3", "C11", "C12", "C19"}),
        (True, "host rewritten by the proxy", {"C2", "S4"}),
    ],
)
def test_a_service_without_the_chassis_breaks_as_it_does_everywhere(
    prepends: bool, way: str, broken: set[str]
) -> None:
    [chosen] = [candidate for candidate in WAYS if candidate.name == way]
    views = views_of(DIALECTS["nginx"], chosen, AsServersRunIt(prepends=prepends))
    outcomes = run_cell(Cell("nginx", way, "in process"), views)
    assert broken <= {o.case.id for o in outcomes if o.verdict is Verdict.FAILED}


def test_every_case_can_fail() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        kind = "websocket.close" if scope["type"] == "websocket" else "http.response.start"
        await send({"type": kind, "status": 500, "code": 1011, "headers": []})
        if scope["type"] == "http":
            await send({"type": "http.response.body", "body": b'{"at": "10.0.0.9:8000"}'})

    # What the proxy and the sibling promise without asking the service.
    of_others = {"C14", "N2", "N6", "PORT3"}
    for way in WAYS:
        views = views_of(DIALECTS["nginx"], way, broken)
        for outcome in run_cell(Cell("nginx", way.name, "in process"), views):
            fails = outcome.verdict is not Verdict.PASSED
            assert fails or outcome.case.id in of_others, str(outcome)
