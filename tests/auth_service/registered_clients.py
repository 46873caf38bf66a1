"""Clients that tests register."""

from typing import Any

import httpx2

from tests.auth_service.people import ADMIN, bearer

SERVICE: dict[str, Any] = {
    "name": "Nightly report",
    "confidential": True,
    "grants": ["client_credentials"],
    "scopes": ["items:read", "items:write"],
}
WEB: dict[str, Any] = {
    "name": "Shop",
    "grants": ["authorization_code", "refresh_token"],
    "redirect_uris": ["https://shop.example/signed-in?from=gatehouse"],
    "scopes": ["items:read", "items:write"],
}


async def register(client: httpx2.AsyncClient, new: dict[str, Any]) -> dict[str, Any]:
    """The client as the administrator is told of it, secret included."""
    admin = await bearer(client, ADMIN, scope="auth:admin")
    answer = await client.post("/clients", headers=admin, json=new)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
