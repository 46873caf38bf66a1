"""What an empty database needs before the service can serve: a signing key, an administrator, perhaps a demo user."""

import asyncio
from contextlib import suppress

import structlog

from auth_service.audit.context import AuditContext
from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.passwords.hashing import PasswordHashing
from auth_service.settings import AuthSettings, FirstUsersSettings
from auth_service.users.schemas import Role
from auth_service.users.store import UsernameTaken, UserStore
from gatehouse_chassis.database import Database, open_database
from gatehouse_chassis.settings import SettingsError

log = structlog.get_logger(__name__)


def first_start(settings: AuthSettings) -> None:
    """Adds what is missing; leaves what is there, so that a changed password stays changed.

    Raises:
        SettingsError: a first user's name or password cannot be used, there would be no administrator, or the secret
            does not open the keys.
    """
    first_users = FirstUsersSettings.load()
    asyncio.run(_fill(settings, first_users))


async def _fill(settings: AuthSettings, first_users: FirstUsersSettings) -> None:
    database = open_database(settings.database_url)
    try:
        await _ensure_signing_key(database, settings)
        await _ensure_users(database, first_users)
    finally:
        await database.close()


async def _ensure_signing_key(database: Database, settings: AuthSettings) -> None:
    store = SigningKeyStore(database)
    encryption = KeyEncryption(*settings.key_secrets)
    keys = SigningKeys(store, encryption, algorithm=settings.signing_algorithm)
    if await store.list():
        await keys.check()
    else:
        key = await keys.create()
        log.info("signing_key_created", kid=key.kid)


async def _ensure_users(database: Database, first: FirstUsersSettings) -> None:
    users = UserStore(database)
    passwords = PasswordHashing(threads=1, queue=1)
    for username, password, role in (
        (first.admin_username, first.admin_password, Role.ADMIN),
        (first.demo_username, first.demo_password, Role.USER),
    ):
        if username is None or password is None:
            continue
        if await users.find_by_name(username) is None:
            context = AuditContext()
            password_hash = await passwords.hash(password.get_secret_value(), context)
            with suppress(UsernameTaken):  # another replica was quicker
                await users.create(username, password_hash, role=role, context=context)
                log.info("first_user_created", username=username, role=role)
    await passwords.close()
    if first.admin_username is None and not await users.has_administrator():
        raise SettingsError(
            "ADMIN_USERNAME and ADMIN_PASSWORD are not set, and there is no administrator who could sign in: set them "
            "in .env or in the environment."
        )
