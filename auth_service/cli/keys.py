"""`gatehouse keys`: the keys that sign access tokens."""

import click

from auth_service.cli.run import run
from auth_service.cli.terminal import show
from auth_service.keys.store import SigningKeyStore


@click.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command("list")
def list_keys() -> None:
    """The keys, newest first."""
    found = run(lambda container, _: SigningKeyStore(container.database).list())
    rows = [
        {"kid": key.kid, "signs_from": key.signs_from, "withdrawn_at": key.withdrawn_at}
        for key in found
    ]
    show(rows, "kid", "signs_from", "withdrawn_at")


@keys.command("rotate")
@click.option(
    "--at-once", is_flag=True, help="A key leaked: all tokens signed so far become invalid."
)
def rotate_keys(at_once: bool) -> None:
    """Make the key that signs next."""
    key = run(lambda container, context: container.keys.rotate(context, at_once=at_once))
    if key is None:
        raise click.ClickException("The next key is waiting for its turn already.")
    show([{"kid": key.kid, "signs_from": key.signs_from}], "kid", "signs_from")


@keys.command("rewrap")
def rewrap_keys() -> None:
    """Encrypt every private key with AUTH_KEY_ENCRYPTION_SECRET.

    After a change of that secret: until this is done, AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS must hold the one before it.
    Services may go on serving meanwhile (docs/secrets.md).
    """
    show(
        [{"rewrapped": run(lambda container, context: container.keys.rewrap(context))}], "rewrapped"
    )
