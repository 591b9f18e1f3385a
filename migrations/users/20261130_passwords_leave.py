"""The auth module has the passwords; until it takes them, they wait in a table of their own."""

import sqlalchemy as sa
from alembic import op

from core.data.migrations.revisions import MigrationError

revision = "users_passwords_leave"
down_revision = "users_phrases"
branch_labels = None
depends_on = None

WAITING = sa.table("users_password_hashes", sa.column("user_id"), sa.column("hash"))
TAKEN = sa.table("auth_passwords", sa.column("user_id"))
USERS = sa.table("users", sa.column("id"), sa.column("password_hash"))


def upgrade() -> None:
    """Copy and drop in one transaction. A table without hashes to wait in is not made."""
    connection = op.get_bind()
    hashes = sa.select(USERS.c.id, USERS.c.password_hash).where(USERS.c.password_hash.is_not(None))
    if connection.execute(hashes.limit(1)).first():
        op.create_table(
            WAITING.name,
            sa.Column("user_id", sa.Uuid(), nullable=False),
            sa.Column("hash", sa.String(length=500), nullable=False),
            sa.ForeignKeyConstraint(
                ["user_id"],
                ["users.id"],
                name=op.f("fk_users_password_hashes_user_id"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users_password_hashes")),
        )
        connection.execute(sa.insert(WAITING).from_select(["user_id", "hash"], hashes))
    op.drop_column("users", "password_hash")


def downgrade() -> None:
    """Raises MigrationError while the auth module has the passwords."""
    connection = op.get_bind()
    tables = sa.inspect(connection).get_table_names()
    if TAKEN.name in tables and connection.execute(sa.select(TAKEN.c.user_id).limit(1)).first():
        raise MigrationError(
            "The auth module has the passwords: run `atrium downgrade auth auth_orders` first."
        )
    op.add_column("users", sa.Column("password_hash", sa.String(length=500), nullable=True))
    if WAITING.name in tables:
        hashed = sa.select(WAITING.c.hash).where(WAITING.c.user_id == USERS.c.id)
        connection.execute(sa.update(USERS).values(password_hash=hashed.scalar_subquery()))
        op.drop_table(WAITING.name)
