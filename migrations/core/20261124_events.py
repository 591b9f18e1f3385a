"""events"""

import sqlalchemy as sa
from alembic import op

revision = "core_events"
down_revision = "core_data"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("addressed_to", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_events")),
    )
    op.create_index(op.f("ix_core_events_name"), "core_events", ["name"])
    op.create_index(op.f("ix_core_events_recorded_at"), "core_events", ["recorded_at"])
    op.create_table(
        "core_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("listener", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["core_events.id"], name=op.f("fk_core_deliveries_event_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_deliveries")),
        sa.UniqueConstraint(
            "event_id", "listener", name=op.f("uq_core_deliveries_event_id_listener")
        ),
    )
    op.create_index(
        op.f("ix_core_deliveries_listener_due_at"), "core_deliveries", ["listener", "due_at"]
    )
    op.create_table(
        "core_schedules",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_schedules")),
    )


def downgrade() -> None:
    op.drop_table("core_schedules")
    op.drop_index(op.f("ix_core_deliveries_listener_due_at"), "core_deliveries")
    op.drop_table("core_deliveries")
    op.drop_index(op.f("ix_core_events_recorded_at"), "core_events")
    op.drop_index(op.f("ix_core_events_name"), "core_events")
    op.drop_table("core_events")
