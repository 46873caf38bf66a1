"""Clients that register themselves: when an unused one is forgotten, and how long a metadata document is fresh.

The client of a metadata document is known by its URL, which may be longer than an id that is made here.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0034"

_TABLES = ("clients", "consents")
_TIMES = ("unused_until", "document_fresh_until")


def upgrade() -> None:
    """Applies the change."""
    for name in _TIMES:
        op.add_column("clients", sa.Column(name, sa.DateTime(timezone=True)))
    _resize(sa.String(64), sa.String(100))


def downgrade() -> None:
    """Takes the change back, and with it the clients that registered themselves."""
    op.execute("DELETE FROM consents WHERE length(client_id) > 64")
    op.execute("DELETE FROM clients WHERE length(client_id) > 64")
    _resize(sa.String(100), sa.String(64))
    with op.batch_alter_table("clients") as clients:
        for name in _TIMES:
            clients.drop_column(name)


def _resize(before: sa.String, after: sa.String) -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(
                "client_id", existing_type=before, type_=after, existing_nullable=False
            )
