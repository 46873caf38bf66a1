"""A user's sessions that go on are found and put in order by their indexes; no entry of the audit log is replaced."""

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0024"


def upgrade() -> None:
    """Applies the change."""
    going_on = sa.text("ended_at IS NULL")
    op.drop_index("ix_sessions_user_id", "sessions")
    op.create_index(
        "ix_sessions_user_id",
        "sessions",
        ["user_id"],
        sqlite_where=going_on,
        postgresql_where=going_on,
    )
    op.drop_index("ix_refresh_tokens_session_id", "refresh_tokens")
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id", "created_at"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_index("ix_refresh_tokens_session_id", "refresh_tokens")
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.drop_index("ix_sessions_user_id", "sessions")
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
