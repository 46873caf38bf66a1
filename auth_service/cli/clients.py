"""`gatehouse clients`: applications that may ask for tokens."""

import json
from typing import IO, Any

import click

from auth_service.audit.context import AuditContext
from auth_service.cli.run import run
from auth_service.cli.terminal import MAX_ROWS, OneOf, show
from auth_service.clients.registration import public_view, register_client, renew_client_secret
from auth_service.clients.schemas import ClientRegistration, Grant
from auth_service.container import Container

COLUMNS = ("client_id", "name", "confidential", "grants", "scopes")


@click.group()
def clients() -> None:
    """Applications that may ask for tokens."""


@clients.command("list")
def list_clients() -> None:
    """The newest 100 clients."""
    found = run(lambda container, _: container.client_store.list(limit=MAX_ROWS))
    show(map(public_view, found), *COLUMNS)


@clients.command("create")
@click.argument("name")
@click.option(
    "--confidential",
    is_flag=True,
    help="It can keep a secret, and gets one unless --jwks is given.",
)
@click.option("--grant", "grants", type=OneOf(Grant), multiple=True, required=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True)
@click.option("--scope", "scopes", multiple=True, required=True)
@click.option(
    "--jwks",
    type=click.File(encoding="utf-8"),
    help="The public keys (a JWK Set) of a client that signs instead of sending a secret.",
)
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True)
def create_client(
    name: str,
    confidential: bool,
    grants: tuple[Grant, ...],
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
    jwks: IO[str] | None,
    post_logout_redirect_uris: tuple[str, ...],
) -> None:
    """Register a client. Its secret is shown here and nowhere else."""
    keys = _json_of(jwks)

    async def create(container: Container, context: AuditContext) -> dict[str, Any]:
        new = ClientRegistration.model_validate(
            {
                "name": name,
                "confidential": confidential,
                "grants": set(grants),
                "redirect_uris": list(redirect_uris),
                "scopes": set(scopes),
                "jwks": keys,
                "post_logout_redirect_uris": list(post_logout_redirect_uris),
            }
        )
        client, secret = await register_client(container.client_store, new, context)
        return {**public_view(client).model_dump(), "client_secret": secret}

    show([run(create)], *COLUMNS, "client_secret")


@clients.command("secret")
@click.argument("client_id")
def renew_secret(client_id: str) -> None:
    """Give a confidential client a new secret; the old one is refused, and all that it got is revoked."""
    secret = run(
        lambda container, context: renew_client_secret(container.client_store, client_id, context)
    )
    if secret is None:
        raise click.ClickException(f"There is no client {client_id!r} with a secret.")
    show([{"client_secret": secret}], "client_secret")


@clients.command("remove")
@click.argument("client_id")
def remove_client(client_id: str) -> None:
    """Remove a client and end every session that was opened through it."""
    if not run(lambda container, context: container.client_store.remove(client_id, context)):
        raise click.ClickException(f"There is no client {client_id!r}.")


def _json_of(file: IO[str] | None) -> Any:
    if file is None:
        return None
    try:
        return json.load(file)
    except ValueError:
        raise click.ClickException(
            f'{file.name} is not JSON: it must hold a JWK Set, {{"keys": [...]}}.'
        ) from None
