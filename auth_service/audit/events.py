"""The events that the audit log records."""

from enum import StrEnum, auto
from typing import Any


class Event(StrEnum):
    """What can happen to a user, a session, a client or a key."""

    SIGN_UP_ASKED = auto()
    SIGN_UP_CONFIRMED = auto()
    USER_CREATED = auto()
    USER_DISABLED = auto()
    USER_ENABLED = auto()
    ROLE_CHANGED = auto()
    PASSWORD_CHANGED = auto()
    PASSWORD_RESET_ASKED = auto()
    PASSWORD_RESET_SENT = auto()
    PASSWORD_RESET = auto()
    EMAIL_CHANGE_ASKED = auto()
    EMAIL_CHANGED = auto()
    SIGNED_IN = auto()
    SIGN_IN_FAILED = auto()
    SIGN_IN_THROTTLED = auto()
    SIGN_INS_FORGIVEN = auto()
    CODE_EXCHANGED = auto()
    CONSENT_GIVEN = auto()
    CONSENT_REVOKED = auto()
    SESSION_REFRESHED = auto()
    SESSION_ENDED = auto()
    SESSIONS_ENDED = auto()
    CLIENT_CREATED = auto()
    CLIENT_SECRET_RENEWED = auto()
    CLIENT_REMOVED = auto()
    CLIENT_TOKEN_ISSUED = auto()
    CLIENT_NOT_AUTHENTICATED = auto()
    TOKEN_REVOKED = auto()
    TOKEN_REFUSED = auto()
    ACCESS_DENIED = auto()
    USERS_READ = auto()
    SESSIONS_READ = auto()
    AUDIT_LOG_READ = auto()
    KEY_CREATED = auto()
    KEY_ROTATED = auto()
    KEY_REWRAPPED = auto()


def audited(*events: Event) -> dict[str, Any]:
    """A route's `openapi_extra` that says what it records besides refused tokens; docs/routes.md shows it."""
    return {"x-audit-events": [event.value for event in events]}
