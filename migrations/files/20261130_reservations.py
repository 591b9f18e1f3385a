"""Add the quota that uploads in progress reserve."""

import sqlalchemy as sa
from alembic import op

revision = "files_reservations"
down_revision = "files_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files_reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
            name=op.f("fk_files_reservations_owner_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files_reservations")),
    )
    for column in ("owner_id", "renewed_at"):
        op.create_index(op.f(f"ix_files_reservations_{column}"), "files_reservations", [column])


def downgrade() -> None:
    op.drop_table("files_reservations")
