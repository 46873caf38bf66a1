"""Which client sends a form to an OAuth endpoint."""

from typing import Annotated

from fastapi import Depends, Request

from auth_service.clients.client import Client
from auth_service.dependencies import Clients
from auth_service.oauth.errors import as_oauth_errors
from auth_service.oauth.forms import OAuthForm


async def get_authenticated_client(request: Request, form: OAuthForm, clients: Clients) -> Client:
    """The client of the form; see `Clients.authenticate` for what is refused."""
    with as_oauth_errors():
        return await clients.authenticate(form, request.headers.get("authorization"))


AuthenticatedClient = Annotated[Client, Depends(get_authenticated_client)]
