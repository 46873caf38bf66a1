"""OpenID Connect: what a client registers for it, the nonce of a request, and how a session's user had signed in."""

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0031"

_OF_CLIENTS = ("jwks", "post_logout_redirect_uris")


def upgrade() -> None:
    """Applies the change."""
    for name in _OF_CLIENTS:
        op.add_column("clients", sa.Column(name, sa.JSON()))
    op.add_column("authorization_codes", sa.Column("nonce", sa.Text()))
    op.add_column("sessions", sa.Column("signed_in_at", sa.DateTime(timezone=True)))
    op.add_column("sessions", sa.Column("amr", sa.String(64)))


def downgrade() -> None:
    """Takes the change back."""
    op.drop_column("sessions", "amr")
    op.drop_column("sessions", "signed_in_at")
    with op.batch_alter_table("authorization_codes") as codes:
        codes.drop_column("nonce")
    with op.batch_alter_table("clients") as clients:
        for name in _OF_CLIENTS:
            clients.drop_column(name)
