"""People who are being erased: out of sight at once, and gone when nothing refers to them."""

import sqlalchemy as sa
from alembic import op

revision = "users_erasing"
down_revision = "users_orders"
branch_labels = None
depends_on = None

BEFORE, AFTER = "ix_users_created_at_id", "ix_users_created_at_id_erasing_since"


def upgrade() -> None:
    op.add_column("users", sa.Column("erasing_since", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(BEFORE, "users")
    op.create_index(AFTER, "users", ["created_at", "id", "erasing_since"])


def downgrade() -> None:
    """Show users who are being erased as disabled accounts without a name."""
    op.drop_index(AFTER, "users")
    op.create_index(BEFORE, "users", ["created_at", "id"])
    op.drop_column("users", "erasing_since")
