"""users"""

import sqlalchemy as sa
from alembic import op

from core.data.search_tables import create_search, drop_search

revision = "users_first"
down_revision = None
branch_labels = None
depends_on = None

IS_ADMIN = sa.text("roles LIKE '%,admin,%'")
LEAVES = sa.text("deletes_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=800), nullable=False),
        sa.Column("age", sa.SmallInteger(), nullable=True),
        sa.Column("locale", sa.String(length=35), nullable=True),
        sa.Column("password_hash", sa.String(length=500), nullable=True),
        sa.Column("roles", sa.String(length=500), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pending_email", sa.String(length=254), nullable=True),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deletes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
    )
    op.create_index("ix_users_created_at_id", "users", ["created_at", "id"])
    op.create_index("ix_users_name_id", "users", ["name", "id"])
    op.create_index("ix_users_email_id", "users", ["email", "id"])
    op.create_index(
        "ix_users_admins", "users", ["id"], sqlite_where=IS_ADMIN, postgresql_where=IS_ADMIN
    )
    op.create_index(
        "ix_users_deletes_at",
        "users",
        ["deletes_at"],
        sqlite_where=LEAVES,
        postgresql_where=LEAVES,
    )
    create_search(op, "users", ["name", "email"])


def downgrade() -> None:
    drop_search(op, "users")
    op.drop_table("users")
