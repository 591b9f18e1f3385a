"""every order that lists offer has an index"""

from alembic import op

revision = "core_orders"
down_revision = "core_search"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_core_audit_action_at_id": ("core_audit", ["action", "at", "id"]),
    "ix_core_deliveries_created_at_id": ("core_deliveries", ["created_at", "id"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
