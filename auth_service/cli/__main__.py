"""The command `gatehouse`: users, clients, keys, sessions and the audit log, from a terminal of the server.

It works on the database itself, with the validation and the audit entries of the routes; no service need run.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import click
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ValidationError

from auth_service.audit.context import AuditContext, set_current_context
from auth_service.audit.events import Event
from auth_service.audit.store import AuditStore
from auth_service.clients.registration import public_view, register_client, renew_client_secret
from auth_service.clients.schemas import ClientRegistration, Grant
from auth_service.clients.store import ClientStore
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.store import AttemptStore
from auth_service.passwords.strength import refuse_weak
from auth_service.passwords.throttling import SignInGuard
from auth_service.revocation.revoke import Revocation
from auth_service.revocation.store import AccessTokenStore
from auth_service.schemas import AuditRecord, Role, SignUp, UserPublic
from auth_service.sessions.schemas import SessionPublic
from auth_service.sessions.store import EndOfSession, SessionStore
from auth_service.settings import AuthSettings
from auth_service.users.store import User, UsernameTaken, UserStore
from gatehouse_chassis.database import Database, DatabaseUnavailable, open_database
from gatehouse_chassis.http.problems import Problem
from gatehouse_chassis.observability.logs import configure_logging
from gatehouse_chassis.settings import SettingsError

Result = TypeVar("Result")
MOST = 100


@dataclass(frozen=True, slots=True)
class Auth:
    """What the commands work on."""

    settings: AuthSettings
    database: Database
    passwords: PasswordHashing
    context: AuditContext

    @property
    def users(self) -> UserStore:
        return UserStore(self.database)

    @property
    def revocation(self) -> Revocation:
        return Revocation(SessionStore(self.database), AccessTokenStore(self.database))

    async def user(self, username: str) -> User:
        """The user with this name, or a sentence."""
        user = await self.users.find_by_name(username)
        if user is None:
            raise click.ClickException(f"There is no user {username!r}. See: gatehouse users list")
        return user


def run(work: Callable[[Auth], Awaitable[Result]]) -> Result:
    """Does the work on the database that AUTH_DATABASE_URL names; what can go wrong becomes a sentence."""
    try:
        settings = AuthSettings.load()
        return asyncio.run(_work(settings, work))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    except DatabaseUnavailable as error:
        cause = str(error).splitlines()[0]
        raise click.ClickException(
            f"The database does not answer: {cause}\nIs AUTH_DATABASE_URL right, and is it migrated (make up)?"
        ) from None
    except Problem as problem:
        raise click.ClickException(str(problem.detail)) from None
    except ValidationError as error:
        sentences = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise click.ClickException("\n".join(sentences)) from None


async def _work(settings: AuthSettings, work: Callable[[Auth], Awaitable[Result]]) -> Result:
    async with _opened(settings) as auth:
        set_current_context(auth.context)
        return await work(auth)


@asynccontextmanager
async def _opened(settings: AuthSettings) -> Any:
    database = open_database(settings.database_url)
    passwords = PasswordHashing(threads=1, queue=1)
    context = AuditContext(actor=f"command:{getpass.getuser()}")
    try:
        yield Auth(settings, database, passwords, context)
    finally:
        await passwords.close()
        await database.close()


def show(rows: Iterable[BaseModel | dict[str, Any]], *columns: str) -> None:
    """Prints rows: as a JSON list after --json, otherwise as a table of these columns."""
    listed = [jsonable_encoder(row) for row in rows]
    if click.get_current_context().find_root().params["as_json"]:
        click.echo(json.dumps(listed, indent=2))
        return
    cells = [[str(row[column]) for column in columns] for row in listed]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for line in ([column.upper() for column in columns], *cells):
        click.echo("  ".join(map(str.ljust, line, widths)).rstrip())


class OneOf(click.Choice[Any]):
    """A member of an enumeration, given by its value as in the API; click would have its name."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:
        return str(choice.value if isinstance(choice, Enum) else choice)


USER = ("username", "role", "disabled", "email", "created_at")
CLIENT = ("client_id", "name", "confidential", "grants", "scopes")
SESSION = ("id", "client_id", "scope", "last_used_at")


def show_user(user: User | None) -> None:
    """Prints a user."""
    if user is not None:
        show([UserPublic.model_validate(user, from_attributes=True)], *USER)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gatehouse(as_json: bool) -> None:
    """Users, clients, keys, sessions and the audit log of a Gatehouse."""


@gatehouse.group()
def users() -> None:
    """Who may sign in."""


@users.command("list")
@click.option("--search", default="", help="Part of the username.")
def list_users(search: str) -> None:
    """The newest 100 users."""
    found = run(lambda auth: auth.users.list(most=MOST, name_contains=search))
    show([UserPublic.model_validate(user, from_attributes=True) for user in found], *USER)


@users.command("create")
@click.argument("username")
@click.option("--email")
@click.option("--display-name", default="")
@click.option("--role", type=OneOf(Role), default=Role.USER)
@click.password_option(help="Asked for when it is not given.")
def create_user(
    username: str, email: str | None, display_name: str, role: Role, password: str
) -> None:
    """Make a user."""

    async def work(auth: Auth) -> User:
        new = SignUp.model_validate(
            {
                "username": username,
                "password": password,
                "display_name": display_name,
                "email": email,
            }
        )
        await refuse_weak(auth.passwords, password, "password", username, display_name, email)
        password_hash = await auth.passwords.hash(password)
        try:
            return await auth.users.create(
                new.username, password_hash, new.display_name, role, new.email, context=auth.context
            )
        except UsernameTaken:
            raise click.ClickException(f"The username {username!r} is taken.") from None

    show_user(run(work))


def _change_user(username: str, change: Callable[[Auth, User], Awaitable[User | None]]) -> None:
    async def work(auth: Auth) -> User | None:
        return await change(auth, await auth.user(username))

    show_user(run(work))


@users.command("disable")
@click.argument("username")
def disable_user(username: str) -> None:
    """Disable a user and end every session."""
    _change_user(username, lambda auth, user: auth.users.set_disabled(user.id, True, auth.context))


@users.command("enable")
@click.argument("username")
def enable_user(username: str) -> None:
    """Let a disabled user sign in again."""
    _change_user(username, lambda auth, user: auth.users.set_disabled(user.id, False, auth.context))


@users.command("role")
@click.argument("username")
@click.argument("role", type=OneOf(Role))
def change_role(username: str, role: Role) -> None:
    """Make a user an administrator, or an ordinary user."""
    _change_user(username, lambda auth, user: auth.users.set_role(user.id, role, auth.context))


@users.command("password")
@click.argument("username")
@click.password_option(help="Asked for when it is not given.")
def change_password(username: str, password: str) -> None:
    """Set a password and end every session."""

    async def work(auth: Auth) -> None:
        user = await auth.user(username)
        SignUp.model_validate({"username": user.username, "password": password})
        about = (user.username, user.display_name, user.email)
        await refuse_weak(auth.passwords, password, "password", *about)
        new_hash = await auth.passwords.hash(password)
        await auth.users.change_password(user.id, new_hash, auth.context)

    run(work)


@users.command("forgive")
@click.argument("username")
def forgive(username: str) -> None:
    """Forget what strangers failed at, so that the user can sign in from anywhere at once."""
    run(lambda auth: SignInGuard(AttemptStore(auth.database)).forgive(username))


@gatehouse.group()
def sessions() -> None:
    """Where users are signed in."""


@sessions.command("list")
@click.argument("username")
def list_sessions(username: str) -> None:
    """The newest 100 sessions of a user."""

    async def work(auth: Auth) -> list[SessionPublic]:
        user = await auth.user(username)
        found = await SessionStore(auth.database).list_of(user.id, limit=MOST)
        return [SessionPublic.model_validate(one, from_attributes=True) for one in found]

    show(run(work), *SESSION)


@sessions.command("end")
@click.argument("username", required=False)
@click.option("--id", "session_id", type=click.UUID, help="This session only.")
def end_sessions(username: str | None, session_id: Any) -> None:
    """End the sessions of a user, or one session by its id."""
    if (username is None) == (session_id is None):
        raise click.UsageError("Give a username, or --id with the id of one session.")

    async def work(auth: Auth) -> int:
        if username is not None:
            user = await auth.user(username)
            return await auth.revocation.revoke_sessions_of(
                user.id, EndOfSession.REVOKED, auth.context
            )
        return int(
            await auth.revocation.revoke_session(session_id, EndOfSession.REVOKED, auth.context)
        )

    show([{"ended": run(work)}], "ended")


@gatehouse.group()
def clients() -> None:
    """Applications that may ask for tokens."""


@clients.command("list")
def list_clients() -> None:
    """The newest 100 clients."""
    found = run(lambda auth: ClientStore(auth.database).list(limit=MOST))
    show(map(public_view, found), *CLIENT)


@clients.command("create")
@click.argument("name")
@click.option("--confidential", is_flag=True, help="It can keep a secret, and gets one.")
@click.option("--grant", "grants", type=OneOf(Grant), multiple=True, required=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True)
@click.option("--scope", "scopes", multiple=True, required=True)
def create_client(
    name: str,
    confidential: bool,
    grants: tuple[Grant, ...],
    redirect_uris: tuple[str, ...],
    scopes: tuple[str, ...],
) -> None:
    """Register a client. Its secret is told here and nowhere else."""

    async def work(auth: Auth) -> dict[str, Any]:
        new = ClientRegistration.model_validate(
            {
                "name": name,
                "confidential": confidential,
                "grants": set(grants),
                "redirect_uris": list(redirect_uris),
                "scopes": set(scopes),
            }
        )
        client, secret = await register_client(ClientStore(auth.database), new, auth.context)
        return {**public_view(client).model_dump(), "client_secret": secret}

    show([run(work)], *CLIENT, "client_secret")


@clients.command("secret")
@click.argument("client_id")
def renew_secret(client_id: str) -> None:
    """Give a confidential client a new secret; the old one is refused from now on."""
    secret = run(
        lambda auth: renew_client_secret(ClientStore(auth.database), client_id, auth.context)
    )
    if secret is None:
        raise click.ClickException(f"There is no confidential client {client_id!r}.")
    show([{"client_secret": secret}], "client_secret")


@clients.command("remove")
@click.argument("client_id")
def remove_client(client_id: str) -> None:
    """Remove a client and end every session that was opened through it."""
    if not run(lambda auth: ClientStore(auth.database).remove(client_id, auth.context)):
        raise click.ClickException(f"There is no client {client_id!r}.")


@gatehouse.group()
def keys() -> None:
    """The keys that sign access tokens."""


@keys.command("list")
def list_keys() -> None:
    """The keys, newest first."""
    found = run(lambda auth: SigningKeyStore(auth.database).list())
    rows = [
        {"kid": key.kid, "signs_from": key.signs_from, "withdrawn_at": key.withdrawn_at}
        for key in found
    ]
    show(rows, "kid", "signs_from", "withdrawn_at")


@keys.command("rotate")
@click.option("--at-once", is_flag=True, help="A key leaked: every token signed so far is dead.")
def rotate_keys(at_once: bool) -> None:
    """Make the key that signs next."""

    async def work(auth: Auth) -> dict[str, Any]:
        signing = SigningKeys(
            SigningKeyStore(auth.database),
            auth.settings.key_encryption_secret.get_secret_value(),
            token_life=auth.settings.access_token_life,
            published_ahead=auth.settings.key_published_ahead,
        )
        key = await signing.rotate(auth.context, at_once=at_once)
        if key is None:
            raise click.ClickException("The next key is waiting for its turn already.")
        return {"kid": key.kid, "signs_from": key.signs_from}

    show([run(work)], "kid", "signs_from")


@gatehouse.command("audit")
@click.option("--event", type=OneOf(Event))
@click.option("--subject", help="The id of a user or client, or a key id.")
@click.option("--actor", help="The id of a user, or command:<name>.")
def read_audit_log(event: Event | None, subject: str | None, actor: str | None) -> None:
    """The newest 100 entries of the audit log."""
    found = run(
        lambda auth: AuditStore(auth.database).list(
            most=MOST, event=event, subject=subject, actor=actor
        )
    )
    rows = [AuditRecord.model_validate(one, from_attributes=True) for one in found]
    show(rows, "at", "event", "subject", "actor", "address", "details")


if __name__ == "__main__":
    configure_logging(service="gatehouse", level="warning", style="auto")
    gatehouse(prog_name="gatehouse")
