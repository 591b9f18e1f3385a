"""texts are sorted by a folded copy, and every order that lists offer has an index"""

from alembic import op

from core.data.folded import add_folded

revision = "files_orders"
down_revision = "files_search"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_files_owner_id_original_filename_folded_id": (
        "files",
        ["owner_id", "original_filename_folded", "id"],
    ),
    "ix_files_owner_id_size_id": ("files", ["owner_id", "size", "id"]),
    "ix_files_original_filename_folded_id": ("files", ["original_filename_folded", "id"]),
    "ix_files_size_id": ("files", ["size", "id"]),
    "ix_files_content_type_created_at_id": ("files", ["content_type", "created_at", "id"]),
}


def upgrade() -> None:
    add_folded(op, "files", "original_filename", 150)
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
    op.drop_column("files", "original_filename_folded")
