"""Every route that changes something says what it records, and every event has a place where it comes from."""

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from auth_service.audit.events import Event

_VERIFY = ("/verify", "/verify/{required}/{target:path}")
RECORDS_NOTHING = {
    "PATCH /users/me": "it is a name to be shown, which means nothing to anyone",
    "POST /userinfo": "it reads, as its GET does",
} | {
    f"{method} {path}": "it changes nothing: Envoy asks with the method of the request that it asks about"
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    for path in _VERIFY
}
OF_EVERY_TOKEN = {Event.TOKEN_REFUSED, Event.ACCESS_DENIED}
OF_COMMANDS_AND_SCHEDULES = {
    Event.SIGN_INS_FORGIVEN,
    Event.KEY_CREATED,
    Event.KEY_ROTATED,
    Event.KEY_REWRAPPED,
}


def test_every_route_that_changes_something_says_what_it_records(app: FastAPI) -> None:
    declared = events_of(app)
    silent = {
        route
        for route, events in declared.items()
        if not events and route.partition(" ")[0] not in ("GET", "HEAD")
    }
    assert silent == RECORDS_NOTHING.keys()


def test_every_event_comes_from_somewhere(app: FastAPI) -> None:
    by_routes = {event for events in events_of(app).values() for event in events}
    assert by_routes | OF_EVERY_TOKEN | OF_COMMANDS_AND_SCHEDULES == set(Event)


def events_of(app: FastAPI) -> dict[str, set[str]]:
    return {
        f"{method} {context.path}": {*(context.openapi_extra or {}).get("x-audit-events", ())}
        for context in iter_route_contexts(app.routes)
        if isinstance(context.route, APIRoute)
        for method in context.methods or ()
    }
