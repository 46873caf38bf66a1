"""Sign-ups that wait for their confirmation, and users by their e-mail address."""

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"


def upgrade() -> None:
    """Applies the change."""
    op.add_column("users", sa.Column("email_key", sa.String(254)))
    op.execute("UPDATE users SET email_key = lower(email)")
    op.create_index("ix_users_email_key", "users", ["email_key"])
    op.create_table(
        "sign_ups",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_sign_ups_expires_at", "sign_ups", ["expires_at"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_table("sign_ups")
    op.drop_index("ix_users_email_key", "users")
    with op.batch_alter_table("users") as users:
        users.drop_column("email_key")
