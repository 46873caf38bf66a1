"""Access tokens, so that they can be revoked; signing keys that begin and end to count by time."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "access_tokens",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(),
            primary_key=True,
        ),
        sa.Column("jti", sa.Uuid(), nullable=False, unique=True),
        sa.Column("session_id", sa.Uuid(), sa.ForeignKey("sessions.id", ondelete="CASCADE")),
        sa.Column("client_id", sa.String(100), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_tokens_session_id", "access_tokens", ["session_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    _create_partial_index("access_tokens", "revoked_at")
    _create_partial_index("sessions", "ended_at")

    # Until now a key signed from its creation on, and for ever.
    op.add_column("signing_keys", sa.Column("signs_from", sa.DateTime(timezone=True)))
    op.add_column("signing_keys", sa.Column("withdrawn_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE signing_keys SET signs_from = created_at")
    with op.batch_alter_table("signing_keys") as signing_keys:
        signing_keys.alter_column(
            "signs_from", existing_type=sa.DateTime(timezone=True), nullable=False
        )


def downgrade() -> None:
    """Takes the change back."""
    with op.batch_alter_table("signing_keys") as signing_keys:
        signing_keys.drop_column("withdrawn_at")
        signing_keys.drop_column("signs_from")
    op.drop_index("ix_sessions_ended_at", "sessions")
    op.drop_table("access_tokens")


def _create_partial_index(table: str, column: str) -> None:
    is_set = sa.text(f"{column} IS NOT NULL")
    op.create_index(
        f"ix_{table}_{column}", table, [column], sqlite_where=is_set, postgresql_where=is_set
    )
