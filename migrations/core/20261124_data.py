"""The audit trail, and what machines announce to each other."""

import sqlalchemy as sa
from alembic import op

revision = "core_data"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_kind", sa.String(length=20), nullable=False),
        sa.Column("on_behalf_of", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("target_kind", sa.String(length=100), nullable=False),
        sa.Column("target_id", sa.String(length=100), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_audit")),
    )
    for columns in AUDIT_INDEXES:
        op.create_index(op.f(f"ix_core_audit_{'_'.join(columns)}"), "core_audit", columns)
    op.create_table(
        "core_generations",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("copy", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", "copy", name=op.f("pk_core_generations")),
    )
    op.create_index(op.f("ix_core_generations_at"), "core_generations", ["at"])


AUDIT_INDEXES = (
    ["at", "id"],
    ["actor_id", "at", "id"],
    ["on_behalf_of", "at", "id"],
    ["target_id", "at", "id"],
)


def downgrade() -> None:
    op.drop_table("core_generations")
    op.drop_table("core_audit")
