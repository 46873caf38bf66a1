"""A sign-up is kept for a while after it made an account; old entries of the audit log may be deleted."""

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | None = "0029"

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'rows of audit_log are only added'); END"


def upgrade() -> None:
    """Applies the change."""
    op.add_column("sign_ups", sa.Column("confirmed_at", sa.DateTime(timezone=True)))
    # The service deletes what is older than AUTH_AUDIT_RETENTION, which is a month at least.
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_no_delete")
        op.execute(
            "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log "
            f"WHEN OLD.at > strftime('%Y-%m-%d %H:%M:%f', 'now', '-30 days') {_REFUSE}"
        )
    else:
        op.execute("DROP TRIGGER audit_log_only_grows ON audit_log")
        _refuse_on_postgresql("UPDATE OR TRUNCATE")
        op.execute(
            "CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log FOR EACH ROW "
            "WHEN (OLD.at > now() - interval '30 days') EXECUTE FUNCTION refuse_change_of_audit_log()"
        )


def downgrade() -> None:
    """Takes the change back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER audit_log_no_delete")
        op.execute(f"CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log {_REFUSE}")
    else:
        op.execute("DROP TRIGGER audit_log_no_delete ON audit_log")
        op.execute("DROP TRIGGER audit_log_only_grows ON audit_log")
        _refuse_on_postgresql("UPDATE OR DELETE OR TRUNCATE")
    with op.batch_alter_table("sign_ups") as sign_ups:
        sign_ups.drop_column("confirmed_at")


def _refuse_on_postgresql(changes: str) -> None:
    op.execute(
        f"CREATE TRIGGER audit_log_only_grows BEFORE {changes} ON audit_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log()"
    )
