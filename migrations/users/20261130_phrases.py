"""the search index by phrases, which tells of short and of common texts without their rows"""

from alembic import op

from core.data.search_tables import create_search, drop_search

revision = "users_phrases"
down_revision = "users_erasing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows are indexed again; a first migration of today makes the same index."""
    drop_search(op, "users")
    create_search(op, "users", ["name", "email"])


def downgrade() -> None:
    """The index stays: the first migration makes it in this form too."""
