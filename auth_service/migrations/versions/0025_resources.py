"""What a grant named as `resource` (RFC 8707), so that its tokens name it too."""

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0024"


def upgrade() -> None:
    """Applies the change."""
    op.add_column("authorization_codes", sa.Column("resource", sa.Text()))
    op.add_column("sessions", sa.Column("resource", sa.Text()))


def downgrade() -> None:
    """Takes the change back."""
    op.drop_column("sessions", "resource")
    op.drop_column("authorization_codes", "resource")
