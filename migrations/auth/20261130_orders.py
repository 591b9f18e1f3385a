"""every order that lists offer has an index"""

from alembic import op

from core.data.folded import add_folded

revision = "auth_orders"
down_revision = "auth_refresh_retry"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_auth_sessions_user_id_last_used_at_id": (
        "auth_sessions",
        ["user_id", "last_used_at", "id"],
    ),
    "ix_auth_sessions_last_used_at_id": ("auth_sessions", ["last_used_at", "id"]),
    "ix_auth_api_keys_user_id_name_folded_id": ("auth_api_keys", ["user_id", "name_folded", "id"]),
}


def upgrade() -> None:
    add_folded(op, "auth_api_keys", "name", 100)
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
    op.drop_column("auth_api_keys", "name_folded")
