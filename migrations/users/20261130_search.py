"""the search index by the project's own fold, and for two characters too"""

from alembic import op

from core.data.search_tables import create_search, drop_search

revision = "users_search"
down_revision = "users_email_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows are folded and indexed again; a first migration of today makes the same index."""
    drop_search(op, "users")
    create_search(op, "users", ["name", "email"])


def downgrade() -> None:
    """The index stays: the first migration makes it in this form too."""
