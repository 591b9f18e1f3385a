"""counters"""

import sqlalchemy as sa
from alembic import op

revision = "core_counters"
down_revision = "core_idempotency"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_counters",
        sa.Column("slot", sa.String(length=200), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slot", "window", name=op.f("pk_core_counters")),
    )
    op.create_index("ix_core_counters_ends_at", "core_counters", ["ends_at"])


def downgrade() -> None:
    op.drop_table("core_counters")
