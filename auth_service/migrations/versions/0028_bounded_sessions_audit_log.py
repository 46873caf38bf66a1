"""A user's sessions that go on are found and put in order by their indexes; no entry of the audit log is replaced."""

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0026"


# SQLite deletes what INSERT OR REPLACE replaces without asking the trigger against DELETE, so this one asks before.
# A row can be replaced by its id, and by SQLite's own number of it.
_REFUSE_REPLACE = """
CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM audit_log WHERE rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, 'rows of audit_log are only added'); END
"""


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
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_REFUSE_REPLACE)


def downgrade() -> None:
    """Takes the change back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_no_replace")
    op.drop_index("ix_refresh_tokens_session_id", "refresh_tokens")
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.drop_index("ix_sessions_user_id", "sessions")
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
