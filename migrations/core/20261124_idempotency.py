"""idempotency"""

import sqlalchemy as sa
from alembic import op

revision = "core_idempotency"
down_revision = "core_maintenance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_idempotency",
        sa.Column("slot", sa.String(length=64), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("status", sa.BigInteger(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_core_idempotency")),
    )
    op.create_index(op.f("ix_core_idempotency_reserved_at"), "core_idempotency", ["reserved_at"])


def downgrade() -> None:
    op.drop_table("core_idempotency")
