"""A revision that loses the zone of a time."""

import sqlalchemy as sa
from alembic import op

revision = "broken_first"
down_revision = None


def upgrade() -> None:
    op.add_column("things", sa.Column("made_at", sa.DateTime()))
    op.add_column("things", sa.Column("sold_at", sa.TIMESTAMP))
    op.add_column("things", sa.Column("lent_at", sa.DateTime(timezone=True)))
