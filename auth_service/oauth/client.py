"""Which client sends a form to an OAuth endpoint."""

from typing import Annotated

from fastapi import Depends, Request

from auth_service.audit.events import Event
from auth_service.clients.authentication import ClientNotAuthenticated
from auth_service.clients.client import Client
from auth_service.dependencies import Clients, Context, Repeated
from auth_service.oauth.errors import as_oauth_errors
from auth_service.oauth.forms import OAuthForm
from auth_service.passwords.throttling import TooManyFailedSignIns


async def get_authenticated_client(
    request: Request, form: OAuthForm, clients: Clients, context: Context, repeated: Repeated
) -> Client:
    """The client of the form; see `Clients.authenticate` for what is refused."""
    with as_oauth_errors():
        try:
            return await clients.authenticate(form, request.headers.get("authorization"), context)
        except ClientNotAuthenticated as refusal:
            await repeated.note(Event.CLIENT_NOT_AUTHENTICATED, refusal.client_id, context)
            raise
        except TooManyFailedSignIns:
            await repeated.note(Event.SIGN_IN_THROTTLED, None, context)
            raise


AuthenticatedClient = Annotated[Client, Depends(get_authenticated_client)]


async def get_confidential_client(
    client: AuthenticatedClient, context: Context, repeated: Repeated
) -> Client:
    """A client that has shown its secret; a public one, which has none, is refused."""
    if not client.confidential:
        await repeated.note(Event.CLIENT_NOT_AUTHENTICATED, client.client_id, context)
        with as_oauth_errors():
            raise ClientNotAuthenticated("a client must authenticate itself to ask about tokens")
    return client


ConfidentialClient = Annotated[Client, Depends(get_confidential_client)]
