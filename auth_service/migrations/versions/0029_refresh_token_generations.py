"""Refresh tokens in generations, so that one whose answer was lost can be presented again."""

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"


def upgrade() -> None:
    """Applies the change."""
    op.add_column(
        "sessions", sa.Column("generation", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("refresh_tokens", sa.Column("generation", sa.Integer()))


def downgrade() -> None:
    """Takes the change back."""
    for table in ("refresh_tokens", "sessions"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("generation")
