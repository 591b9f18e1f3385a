"""Attempts per account and client; the clients that have signed in to an account."""

import sqlalchemy as sa
from alembic import op

revision = "auth_known_clients"
down_revision = "auth_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("auth_attempts", sa.Column("account", sa.String(length=64), nullable=True))
    op.add_column(
        "auth_attempts", sa.Column("known_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index("ix_auth_attempts_account", "auth_attempts", ["account"])


def downgrade() -> None:
    op.drop_index("ix_auth_attempts_account", table_name="auth_attempts")
    op.drop_column("auth_attempts", "known_until")
    op.drop_column("auth_attempts", "account")
