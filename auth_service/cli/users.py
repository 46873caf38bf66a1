"""`gatehouse users`: who may sign in."""

from collections.abc import Awaitable, Callable

import click

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.cli.run import run, user_named
from auth_service.cli.terminal import MAX_ROWS, OneOf, show
from auth_service.container import Container
from auth_service.passwords.strength import check_strength
from auth_service.users.schemas import Role, UserPublic
from auth_service.users.sign_up.schemas import SignUp
from auth_service.users.store import User

COLUMNS = ("username", "role", "disabled", "email", "created_at")


def _show(*found: User) -> None:
    show([UserPublic.model_validate(user, from_attributes=True) for user in found], *COLUMNS)


@click.group()
def users() -> None:
    """Who may sign in."""


@users.command("list")
@click.option("--search", default="", help="Part of the username.")
def list_users(search: str) -> None:
    """The newest 100 users."""

    async def read(container: Container, context: AuditContext) -> list[User]:
        await container.audit.record(Event.USERS_READ, None, context)
        return await container.users.list(limit=MAX_ROWS, name_contains=search)

    _show(*run(read))


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

    async def create(container: Container, context: AuditContext) -> User:
        new = SignUp.model_validate(
            {
                "username": username,
                "password": password,
                "display_name": display_name,
                "email": email,
            }
        )
        about = (username, display_name, email)
        await check_strength(container.hashing, context, password, "password", *about)
        password_hash = await container.hashing.hash(password, context)
        return await container.users.create(
            new.username, password_hash, new.display_name, role, new.email, context=context
        )

    _show(run(create))


def _change(
    username: str, change: Callable[[Container, User, AuditContext], Awaitable[User | None]]
) -> None:
    async def find_and_change(container: Container, context: AuditContext) -> User | None:
        return await change(container, await user_named(container, username), context)

    user = run(find_and_change)
    if user is not None:
        _show(user)


@users.command("disable")
@click.argument("username")
def disable_user(username: str) -> None:
    """Disable a user and end every session."""
    _change(
        username,
        lambda container, user, context: container.users.set_disabled(user.id, True, context),
    )


@users.command("enable")
@click.argument("username")
def enable_user(username: str) -> None:
    """Let a disabled user sign in again."""
    _change(
        username,
        lambda container, user, context: container.users.set_disabled(user.id, False, context),
    )


@users.command("role")
@click.argument("username")
@click.argument("role", type=OneOf(Role))
def change_role(username: str, role: Role) -> None:
    """Make a user an administrator, or an ordinary user."""
    _change(
        username, lambda container, user, context: container.users.set_role(user.id, role, context)
    )


@users.command("password")
@click.argument("username")
@click.password_option(help="Asked for when it is not given.")
def change_password(username: str, password: str) -> None:
    """Set a password and end every session."""

    async def change(container: Container, context: AuditContext) -> None:
        user = await user_named(container, username)
        SignUp.model_validate({"username": user.username, "password": password})
        about = (user.username, user.display_name, user.email)
        await check_strength(container.hashing, context, password, "password", *about)
        new_hash = await container.hashing.hash(password, context)
        await container.users.change_password(user.id, new_hash, context)
        container.notices.password_changed(user)

    run(change)


@users.command("forgive")
@click.argument("username")
def forgive(username: str) -> None:
    """Reset the counters of failed sign-ins, so that the user can sign in from anywhere at once."""

    async def reset(container: Container, context: AuditContext) -> None:
        user = await user_named(container, username)
        for login in filter(None, (user.username, user.email)):
            await container.guard.forgive(login)
        await container.audit.record(Event.SIGN_INS_FORGIVEN, user.id, context)

    run(reset)
