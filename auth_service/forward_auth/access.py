"""Who asks for what a proxy protects, and what is required of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from auth_service.clients.client import FIRST_PARTY_CLIENT
from auth_service.oauth.scopes import audience, scope_list
from auth_service.users.schemas import Role
from auth_service.users.store import User
from gatehouse_chassis.auth.access_tokens import Principal

_BETWEEN = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a proxy requires: scopes, and roles, which are the names without a colon."""

    scopes: frozenset[str]
    roles: frozenset[str]

    @classmethod
    def read(cls, texts: Iterable[str]) -> Self:
        """Reads names with spaces or commas between; no name means that anyone who is signed in may pass."""
        names = frozenset(name for text in texts for name in _BETWEEN.split(text) if name)
        scopes = frozenset(name for name in names if ":" in name)
        return cls(scopes, names - scopes)

    def __str__(self) -> str:
        return " ".join(sorted(self.scopes | self.roles))

    @property
    def audience(self) -> list[str]:
        """The services that an access token must be for: those of the scopes, or auth where no scope is required."""
        return audience(" ".join(self.scopes))


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, or a client that speaks for itself; with the scopes that count here."""

    user: User | None
    client_id: str
    """Of a token; empty for a browser in which the person is signed in."""

    scopes: frozenset[str]

    @classmethod
    def of_session(cls, user: User) -> Self:
        """A person in a browser, who may do all that the role allows."""
        return cls(user, "", scope_list().by_role[user.role])

    @classmethod
    def of_token(cls, principal: Principal, user: User | None) -> Self:
        """What is left of a token's scopes by the role of now."""
        allowed = scope_list().by_role[user.role] if user else scope_list().for_clients
        return cls(user, principal.client_id, principal.scopes & allowed)

    def meets(self, requirement: Requirement) -> bool:
        """Whether the visitor has every scope and every role; administrators are users too.

        A registered client has what it was allowed, which is scopes: neither the roles of the person, nor what is open
        to anyone who is signed in.
        """
        if self.user is None or self.client_id not in ("", FIRST_PARTY_CLIENT):
            return (
                not requirement.roles
                and bool(requirement.scopes)
                and requirement.scopes <= self.scopes
            )
        roles = {Role.USER.value, self.user.role.value}
        return requirement.scopes <= self.scopes and requirement.roles <= roles

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return self.user.username if self.user else f"The client {self.client_id}"

    @property
    def headers(self) -> dict[str, str]:
        """What the application behind the proxy is told; a client's own token names no user.

        UTF-8, each byte as the character that HTTP libraries send for it.
        """
        # Those of OpenID Connect, which have no service before a colon, are no rights.
        rights = sorted(name for name in self.scopes if ":" in name)
        told = {"Remote-Scopes": " ".join(rights), "Remote-Client": self.client_id}
        if self.user:
            told["Remote-User"] = self.user.username
            told["Remote-Email"] = self.user.email or ""
            told["Remote-Groups"] = self.user.role.value
        return {name: text.encode().decode("latin-1") for name, text in told.items() if text}
