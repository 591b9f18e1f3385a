"""texts are sorted by a folded copy, and every order that lists offer has an index"""

from alembic import op

from core.data.folded import add_folded

revision = "users_orders"
down_revision = "users_search"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_users_is_active_created_at_id": ("users", ["is_active", "created_at", "id"]),
    "ix_users_name_folded_id": ("users", ["name_folded", "id"]),
    "ix_users_email_folded_id": ("users", ["email_folded", "id"]),
}


def upgrade() -> None:
    add_folded(op, "users", "name", 50)
    add_folded(op, "users", "email", 254)
    op.drop_index("ix_users_name_id")
    op.drop_index("ix_users_email_id")
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
    op.create_index("ix_users_name_id", "users", ["name", "id"])
    op.create_index("ix_users_email_id", "users", ["email", "id"])
    op.drop_column("users", "name_folded")
    op.drop_column("users", "email_folded")
