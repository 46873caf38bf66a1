"""What several routes of the auth service ask the application for."""

from typing import Annotated

from fastapi import Depends, Request

from auth_service.clients import Clients
from auth_service.revocation import Revocation
from auth_service.store import SessionStore


async def _clients(request: Request) -> Clients:
    clients: Clients = request.app.state.clients
    return clients


async def _sessions(request: Request) -> SessionStore:
    sessions: SessionStore = request.app.state.session_store
    return sessions


async def _revocation(request: Request) -> Revocation:
    revocation: Revocation = request.app.state.revocation
    return revocation


AllClients = Annotated[Clients, Depends(_clients)]
Sessions = Annotated[SessionStore, Depends(_sessions)]
Revoking = Annotated[Revocation, Depends(_revocation)]
