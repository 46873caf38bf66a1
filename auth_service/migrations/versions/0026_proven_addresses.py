"""Mail addresses that are proven by a link, and sign-ups without a password."""

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"


def upgrade() -> None:
    """Applies the change."""
    op.add_column("users", sa.Column("email_verified_at", sa.DateTime(timezone=True)))
    op.create_table(
        "email_changes",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column(
            "user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_email_changes_user_id", "email_changes", ["user_id"])
    with op.batch_alter_table("sign_ups") as sign_ups:
        sign_ups.alter_column("password_hash", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    """Takes the change back."""
    op.execute("DELETE FROM sign_ups WHERE password_hash IS NULL")
    with op.batch_alter_table("sign_ups") as sign_ups:
        sign_ups.alter_column("password_hash", existing_type=sa.Text(), nullable=False)
    op.drop_table("email_changes")
    with op.batch_alter_table("users") as users:
        users.drop_column("email_verified_at")
