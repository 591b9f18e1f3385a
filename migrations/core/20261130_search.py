"""the functions by which PostgreSQL searches"""

from alembic import op

from core.data.search_tables import create_functions

revision = "core_search"
down_revision = "core_people_of_answers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_functions(op)


def downgrade() -> None:
    """The functions stay: indexes of modules call them."""
