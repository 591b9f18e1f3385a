"""Adds the positions of jobs that go through growing tables."""

import sqlalchemy as sa
from alembic import op

revision = "core_marks"
down_revision = "core_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_marks",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_marks")),
    )


def downgrade() -> None:
    op.drop_table("core_marks")
