"""maintenance"""

import sqlalchemy as sa
from alembic import op

revision = "core_maintenance"
down_revision = "core_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_maintenance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("retry_after_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_maintenance")),
    )


def downgrade() -> None:
    op.drop_table("core_maintenance")
