"""Runs one command on the database that AUTH_DATABASE_URL names."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from pydantic import ValidationError

from auth_service.audit.context import AuditContext
from auth_service.cli.terminal import printable
from auth_service.container import Container
from auth_service.errors import InvalidField, TryLater
from auth_service.passwords.hashing import PasswordHashing
from auth_service.settings import AuthSettings
from auth_service.users.store import LastAdministrator, User, UsernameTaken
from gatehouse_chassis.database import DatabaseUnavailable
from gatehouse_chassis.database.failures import is_not_migrated
from gatehouse_chassis.settings import SettingsError

Result = TypeVar("Result")


def run(work: Callable[[Container, AuditContext], Awaitable[Result]]) -> Result:
    """The result of `work`; what can go wrong becomes a sentence."""
    try:
        return asyncio.run(_run(AuthSettings.load(), work))
    except DatabaseUnavailable as error:
        cause = printable((str(error) or "it does not say why").splitlines()[0])
        raise click.ClickException(
            f"The database does not answer: {cause}\nStart it, or correct AUTH_DATABASE_URL."
        ) from None
    except InvalidField as error:
        raise click.ClickException(printable(f"{error.field}: {error.reason}")) from None
    except ValidationError as error:
        sentences = [
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise click.ClickException(printable("\n".join(sentences))) from None
    except (SettingsError, UsernameTaken, LastAdministrator, TryLater) as error:
        raise click.ClickException(printable(str(error))) from None
    except Exception as error:
        if not is_not_migrated(error):
            raise
        raise click.ClickException(
            f"The database is not migrated: {printable(str(error).splitlines()[0])}\n"
            "Run `make up`, or correct AUTH_DATABASE_URL."
        ) from None


async def _run(
    settings: AuthSettings, work: Callable[[Container, AuditContext], Awaitable[Result]]
) -> Result:
    container = Container.build(settings, hashing=PasswordHashing(threads=1, queue=1))
    try:
        return await work(container, AuditContext(actor=_actor()))
    finally:
        await container.close()


def _actor() -> str:
    """Who runs the command, as the system knows it: the variables of the environment can say anything."""
    uid = os.getuid()
    try:
        return f"command:uid={uid}({pwd.getpwuid(uid).pw_name})"
    except KeyError:  # in a container the user may have no name
        return f"command:uid={uid}"


async def user_named(container: Container, username: str) -> User:
    """The user with this name, or a sentence."""
    user = await container.users.find_by_name(username)
    if user is None:
        raise click.ClickException(f"There is no user {username!r}. See: gatehouse users list")
    return user
