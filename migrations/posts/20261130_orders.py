"""texts are sorted by a folded copy, and every order that lists offer has an index"""

from alembic import op

from core.data.folded import add_folded

revision = "posts_orders"
down_revision = "posts_search"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_posts_title_folded_id": ("posts", ["title_folded", "id"]),
}


def upgrade() -> None:
    add_folded(op, "posts", "title", 200)
    op.drop_index("ix_posts_title_id")
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name)
    op.create_index("ix_posts_title_id", "posts", ["title", "id"])
    op.drop_column("posts", "title_folded")
