"""The person that a kept answer is about."""

import sqlalchemy as sa
from alembic import op

revision = "core_people_of_answers"
down_revision = "core_counters"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Remove the answers that were kept before: nothing says about whom they are."""
    op.execute("DELETE FROM core_idempotency")
    op.add_column("core_idempotency", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_core_idempotency_person_id"), "core_idempotency", ["person_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_core_idempotency_person_id"), "core_idempotency")
    op.drop_column("core_idempotency", "person_id")
