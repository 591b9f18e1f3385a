"""Adds a note whether the tokens of the last refresh were used."""

import sqlalchemy as sa
from alembic import op

revision = "auth_refresh_retry"
down_revision = "auth_known_clients"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("auth_sessions", sa.Column("unused_pair", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("auth_sessions", "unused_pair")
