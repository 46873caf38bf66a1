"""All SQL of the auth service, a module for each thing that it keeps."""

from auth_service.store.access_tokens import AccessTokenStore
from auth_service.store.attempts import Attempts, AttemptStore
from auth_service.store.audit import AuditEntry, AuditStore
from auth_service.store.clients import Client, ClientStore, StoredClient
from auth_service.store.codes import CodeBinding, CodeStore
from auth_service.store.expired import ExpiredStore
from auth_service.store.keys import SigningKeyStore, StoredKey
from auth_service.store.password_resets import PasswordResetStore
from auth_service.store.session_ends import EndOfSession
from auth_service.store.sessions import LiveSession, RefreshToken, Refusal, Session, SessionStore
from auth_service.store.sign_ups import SignUpStore
from auth_service.store.users import User, UsernameTaken, UserStore

__all__ = [
    "AccessTokenStore",
    "AttemptStore",
    "Attempts",
    "AuditEntry",
    "AuditStore",
    "Client",
    "ClientStore",
    "CodeBinding",
    "CodeStore",
    "EndOfSession",
    "ExpiredStore",
    "LiveSession",
    "PasswordResetStore",
    "RefreshToken",
    "Refusal",
    "Session",
    "SessionStore",
    "SignUpStore",
    "SigningKeyStore",
    "StoredClient",
    "StoredKey",
    "User",
    "UserStore",
    "UsernameTaken",
]
