"""the search index by the project's own fold, and for two characters too"""

from alembic import op

from core.data.search_tables import create_search, drop_search

revision = "posts_search"
down_revision = "posts_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows are folded and indexed again; a first migration of today makes the same index."""
    drop_search(op, "posts")
    create_search(op, "posts", ["title", "content"])


def downgrade() -> None:
    """The index stays: the first migration makes it in this form too."""
