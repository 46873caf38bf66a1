"""The tables of the auth service."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from gatehouse_chassis.database.columns import UtcDateTime

metadata = MetaData()

# Ended sessions and revoked tokens are few, and a client's own tokens have no session; an index of the others alone
# costs nothing where a row is added.
_GOING_ON = text("ended_at IS NULL")
_ENDED = text("ended_at IS NOT NULL")
_REVOKED = text("revoked_at IS NOT NULL")
_OF_A_SESSION = text("session_id IS NOT NULL")
_WITH_PARENT = text("parent_id IS NOT NULL")

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", String(64), nullable=False),
    # What all spellings of the name have in common: Ada and ada are one user (auth_service.users.names).
    Column("username_key", String(64), nullable=False, unique=True),
    Column("display_name", String(100), nullable=False),
    # Not unique: users and administrators may give one address to several.
    Column("email", String(254)),
    # In lower case: what mail servers tell apart by case, people do not.
    Column("email_key", String(254), index=True),
    # When somebody last used a link that was sent to it; None where it is only said to be theirs.
    Column("email_verified_at", UtcDateTime),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

# One sign-in and all refresh tokens that came of it (the "family" of RFC 9700 section 4.14.2).
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("client_id", String(100), nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("ended_because", String(32)),
    # What the grant named as `resource` (RFC 8707); NULL in rows from before there was the column.
    Column("resource", Text),
    # How many refresh tokens were used one after the other; see auth_service.sessions.store.
    Column("generation", Integer, nullable=False, server_default="0"),
    # The browser session within which an application was let in, and with which it ends. No foreign key: a row with
    # children is not deleted, and SQLite cannot add one to a table that is there.
    Column("parent_id", Uuid),
    # How the user had signed in when a client that speaks OpenID Connect was let in: its ID tokens say so again.
    Column("signed_in_at", UtcDateTime),
    Column("amr", String(64)),
    # Nobody asks for a user's sessions that are over, and a user may have had very many.
    Index("ix_sessions_user_id", "user_id", sqlite_where=_GOING_ON, postgresql_where=_GOING_ON),
    Index("ix_sessions_ended_at", "ended_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
    Index(
        "ix_sessions_parent_id",
        "parent_id",
        sqlite_where=_WITH_PARENT,
        postgresql_where=_WITH_PARENT,
    ),
)

# What makes a session one of a browser: its cookie, of which only the digest is kept, and the sign-in it stands for.
browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    # `auth_time` of OpenID Connect: when the person last proved who they are.
    Column("signed_in_at", UtcDateTime, nullable=False),
    # By what (RFC 8176), with one space between.
    Column("amr", String(64), nullable=False),
    # Written once a minute at most.
    Column("last_used_at", UtcDateTime, nullable=False),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    # Tokens are random enough to need no slow hash, and a digest read from the table cannot be used as one.
    Column("digest", String(64), primary_key=True),
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    # NULL in rows from before there was the column.
    Column("generation", Integer),
    # The newest tells when the session was used last.
    Index("ix_refresh_tokens_session_id", "session_id", "created_at"),
)

# Every access token until a while after its end. A token is revoked by itself, or with its session.
access_tokens = Table(
    "access_tokens",
    metadata,
    # The token's index in the status list; never used twice (AUTOINCREMENT), because a list may be a day old.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("jti", Uuid, nullable=False, unique=True),
    # None where a client got it for itself.
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE")),
    Column("client_id", String(100), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index(
        "ix_access_tokens_session_id",
        "session_id",
        sqlite_where=_OF_A_SESSION,
        postgresql_where=_OF_A_SESSION,
    ),
    Index(
        "ix_access_tokens_revoked_at",
        "revoked_at",
        sqlite_where=_REVOKED,
        postgresql_where=_REVOKED,
    ),
    sqlite_autoincrement=True,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", String(64), primary_key=True),
    # For a release that reads it: what is published is derived from the private part.
    Column("public_jwk", Text, nullable=False),
    Column("encrypted_private_jwk", Text, nullable=False),
    # Published from then on.
    Column("created_at", UtcDateTime, nullable=False),
    Column("signs_from", UtcDateTime, nullable=False),
    # Neither published nor accepted from then on.
    Column("withdrawn_at", UtcDateTime),
)

clients = Table(
    "clients",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The URL of its metadata document, where it has one.
    Column("client_id", String(100), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    # 256 random bits, as a refresh token is; none for a public client.
    Column("secret_digest", String(64)),
    Column("grants", JSON, nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # The public keys of a client that authenticates itself with a signature (RFC 7523).
    Column("jwks", JSON(none_as_null=True)),
    # NULL in rows from before there was the column.
    Column("post_logout_redirect_uris", JSON(none_as_null=True)),
    # Of one that registered itself: it is forgotten then, unless somebody has allowed it something.
    Column("unused_until", UtcDateTime),
    # Of one that a document describes.
    Column("document_fresh_until", UtcDateTime),
)

# What a client authenticated itself with, until it expires: each assertion is accepted once.
client_assertions = Table(
    "client_assertions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_client_assertions_expires_at", "expires_at"),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("password_fingerprint", String(64), nullable=False),
    Column("client_id", String(100), nullable=False),
    # Empty where the request left it out.
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", String(43), nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("resource", Text),
    # The session that it started: ended when the code is used again.
    Column("session_id", Uuid, ForeignKey("sessions.id", ondelete="CASCADE")),
    # Of the authorization request, for the ID token (OpenID Connect Core section 3.1.2.1).
    Column("nonce", Text),
    # The access token that it gave where it started no session of its own: revoked when the code is used again.
    Column("access_token_jti", Uuid),
    # The browser session that gave it, and how the person had signed in; NULL in rows from before there was any.
    Column("browser_session_id", Uuid),
    Column("signed_in_at", UtcDateTime),
    Column("amr", String(64)),
    Index("ix_authorization_codes_expires_at", "expires_at"),
    Index("ix_authorization_codes_user_id", "user_id"),
    Index("ix_authorization_codes_session_id", "session_id"),
)

# What a user has allowed a registered client, so that it is not asked again.
consents = Table(
    "consents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column(
        "client_id",
        String(100),
        ForeignKey("clients.client_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("scope", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "client_id", name="uq_consents_user_id_client_id"),
    Index("ix_consents_client_id", "client_id"),
)

# Triggers refuse to change or delete a row; see the migration. No foreign key: history outlives its subjects.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("event", String(40), nullable=False),
    Column("subject", String(100)),
    Column("actor", String(100)),
    Column("address", String(45)),
    Column("request_id", String(128)),
    Column("details", Text, nullable=False),
    Index("ix_audit_log_subject", "subject", "id"),
)

# Counters against the guessing of passwords; what a key stands for is in auth_service.passwords.throttling.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_failed_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
)

password_resets = Table(
    "password_resets",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_password_resets_user_id", "user_id"),
)

# The address is the user's when the token that was mailed to it is used.
email_changes = Table(
    "email_changes",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("email", String(254), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_email_changes_user_id", "user_id"),
)

# The account is made only when the mailed token is used.
sign_ups = Table(
    "sign_ups",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("username", String(64), nullable=False),
    Column("display_name", String(100), nullable=False),
    Column("email", String(254), nullable=False),
    # Written by earlier versions only, and never read: whoever reads the mail chooses the password.
    Column("password_hash", Text),
    Column("expires_at", UtcDateTime, nullable=False),
    # When the account was made; it expires at the same moment.
    Column("confirmed_at", UtcDateTime),
    Index("ix_sign_ups_expires_at", "expires_at"),
)
