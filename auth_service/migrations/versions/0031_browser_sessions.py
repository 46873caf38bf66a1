"""A sign-in lasts in the browser, applications are let in within it, and what a person allowed them is kept."""

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0030"


def upgrade() -> None:
    """Applies the change."""
    op.add_column("sessions", sa.Column("parent_id", sa.Uuid()))
    with_parent = sa.text("parent_id IS NOT NULL")
    op.create_index(
        "ix_sessions_parent_id",
        "sessions",
        ["parent_id"],
        sqlite_where=with_parent,
        postgresql_where=with_parent,
    )
    op.create_table(
        "browser_sessions",
        sa.Column(
            "session_id",
            sa.Uuid(),
            sa.ForeignKey("sessions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", sa.String(64), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.add_column("authorization_codes", sa.Column("access_token_jti", sa.Uuid()))
    op.add_column("authorization_codes", sa.Column("browser_session_id", sa.Uuid()))
    op.add_column("authorization_codes", sa.Column("signed_in_at", sa.DateTime(timezone=True)))
    op.add_column("authorization_codes", sa.Column("amr", sa.String(64)))
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column(
            "client_id",
            sa.String(64),
            sa.ForeignKey("clients.client_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("user_id", "client_id", name="uq_consents_user_id_client_id"),
    )
    op.create_index("ix_consents_client_id", "consents", ["client_id"])


def downgrade() -> None:
    """Takes the change back."""
    op.drop_table("consents")
    with op.batch_alter_table("authorization_codes") as codes:
        for column in ("amr", "signed_in_at", "browser_session_id", "access_token_jti"):
            codes.drop_column(column)
    op.drop_table("browser_sessions")
    op.drop_index("ix_sessions_parent_id", "sessions")
    op.drop_column("sessions", "parent_id")
