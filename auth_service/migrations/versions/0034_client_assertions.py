"""The assertions by which clients authenticated themselves, so that each is accepted once (RFC 7523 section 3)."""

import sqlalchemy as sa
from alembic import op

revision: str = "0034"
down_revision: str | None = "0033"


def upgrade() -> None:
    """Applies the change."""
    op.create_table(
        "client_assertions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_client_assertions_expires_at", "client_assertions", ["expires_at"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_table("client_assertions")
