"""A lean route answers as FastAPI's own does, and is chosen wherever nothing more is asked of it."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import httpx2
import pytest
from fastapi import APIRouter, Depends, Header, Query, Request, Response, Security
from fastapi.routing import APIRoute
from pydantic import BaseModel

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier, Principal
from gatehouse_chassis.auth.bearer import Bearer
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.serving.lean_route import LeanRoute
from gatehouse_chassis.settings import ServiceSettings
from testing.apps import client_of
from testing.tokens import TestIssuer

bearer = Bearer(auth_url="../auth/", scopes={"probe:read": "Read"})
Reader = Annotated[Principal, Security(bearer, scopes=["probe:read"])]


class Thing(BaseModel):
    """What is read."""

    id: UUID
    owner: str
    size: int = 1


def _router(route_class: type[APIRoute]) -> APIRouter:
    router = APIRouter(route_class=route_class)

    @router.get("/things/{thing_id:uuid}", response_model=Thing)
    async def read(
        reader: Reader, thing_id: UUID, request: Request, response: Response
    ) -> dict[str, Any] | Response:
        if request.headers.get("if-none-match"):
            return Response(status_code=304)
        response.headers["ETag"] = '"7"'
        return {"id": thing_id, "owner": reader.subject, "secret": "left out"}

    @router.get("/things", response_model=Page[Thing])
    async def page(
        reader: Reader, page: Paging, q: Annotated[str, Query(max_length=3)] = ""
    ) -> Any:
        things = [Thing(id=UUID(int=number), owner=q or reader.subject) for number in range(9)]
        return page_of(things[: page.limit + 1], page)

    @router.get("/sizes/{size}", response_model=Thing, status_code=203)
    async def sized(size: int) -> Thing:
        return Thing(id=UUID(int=0), owner="nobody", size=size)

    return router


def _client(router: APIRouter, settings: ServiceSettings, issuer: TestIssuer) -> httpx2.AsyncClient:
    app = create_service(
        settings,
        name="probe",
        title="Probe",
        description="A service for the tests.",
        routers=[router],
        token_verifier=AccessTokenVerifier(issuer=issuer.url, audience="probe", keys=issuer),
        ready_when={},
    )
    return client_of(app, "http://localhost:8080/probe")


def _token(issuer: TestIssuer, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token(aud=['probe'], scope=scope)}"}


@pytest.mark.parametrize(
    "path",
    [
        "/things/01890000-0000-7000-8000-000000000001",
        "/things/no-uuid",
        "/things",
        "/things?limit=2&q=me",
        "/things?limit=0",
        "/things?limit=two&q=long",
        "/things?cursor=nonsense",
        "/sizes/3",
        "/sizes/three",
    ],
)
@pytest.mark.parametrize("scope", [None, "other:read", "probe:read"])
@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"7"'}], ids=["plain", "conditional"])
async def test_it_answers_as_fastapi_does(
    settings: ServiceSettings,
    issuer: TestIssuer,
    path: str,
    scope: str | None,
    headers: dict[str, str],
) -> None:
    sent = {**headers, "X-Request-ID": "the-request"}
    if scope:
        sent |= _token(issuer, scope)
    answers = []
    for route_class in (LeanRoute, APIRoute):
        async with _client(_router(route_class), settings, issuer) as client:
            answer = await client.get(path, headers=sent)
            answers.append((answer.status_code, answer.content, sorted(answer.headers.items())))
    assert answers[0] == answers[1]


def _is_lean(function: Callable[..., Any], **options: Any) -> bool:
    router = APIRouter(route_class=LeanRoute)
    router.get("/{thing_id}", **{"response_model": Thing, **options})(function)
    (route,) = router.routes
    assert isinstance(route, LeanRoute)
    return route.is_lean


async def _something() -> int:
    return 1


async def _plain(thing_id: UUID) -> None: ...


async def _with_header(thing_id: UUID, accept: Annotated[str, Header()]) -> None: ...


async def _with_body(thing_id: UUID, thing: Thing) -> None: ...


def _in_a_thread(thing_id: UUID) -> None: ...


async def _with_both(thing_id: UUID, reader: Reader, page: Paging) -> None: ...


def test_what_it_can_plan_it_plans() -> None:
    assert _is_lean(_plain)
    assert _is_lean(_with_both)


@pytest.mark.parametrize("function", [_with_header, _with_body, _in_a_thread])
def test_a_route_that_takes_more_is_left_to_fastapi(function: Callable[..., Any]) -> None:
    assert not _is_lean(function)


@pytest.mark.parametrize(
    "options",
    [
        {"response_model": None},
        {"response_model_exclude_none": True},
        {"response_model_exclude": {"size"}},
        {"response_class": Response},
        {"dependencies": [Depends(_something)]},
        {"max_body_size": 100},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_route_that_answers_otherwise_is_left_to_fastapi(options: dict[str, Any]) -> None:
    assert not _is_lean(_plain, **options)
