"""What administrators do to users."""

from dataclasses import dataclass
from uuid import UUID

from auth_service.audit.context import AuditContext
from auth_service.users.schemas import Role
from auth_service.users.store import User, UserStore


class NoSuchUser(Exception):
    """There is no user with this id."""

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class OwnAccount(Exception):
    """Administrators cannot lock themselves out."""


@dataclass(frozen=True, slots=True)
class UserAdministration:
    """Disables and enables users, and changes their roles."""

    users: UserStore

    async def change(
        self,
        admin: User,
        user_id: UUID,
        context: AuditContext,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
    ) -> User:
        """The user after the changes; None leaves a property as it is. Disabling ends the user's sessions.

        Raises:
            OwnAccount: `admin` would be disabled or would lose the role.
            LastAdministrator: another administrator was changed at the same time, and no one would be left.
            NoSuchUser: there is no user with this id.
        """
        if user_id == admin.id and disabled:
            raise OwnAccount("You cannot disable yourself: no one might be left to enable you.")
        if user_id == admin.id and role not in {None, Role.ADMIN}:
            raise OwnAccount("You cannot demote yourself: no one might be left to promote you.")
        user = await self.users.find(user_id)
        if role is not None:
            user = await self.users.set_role(user_id, role, context)
        if disabled is not None:
            user = await self.users.set_disabled(user_id, disabled, context)
        if user is None:
            raise NoSuchUser
        return user
