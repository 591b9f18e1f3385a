"""The passwords of users, which were a column of the users module."""

import sqlalchemy as sa
from alembic import op

revision = "auth_passwords"
down_revision = "auth_orders"
branch_labels = None
depends_on = None

PASSWORDS = sa.table("auth_passwords", sa.column("user_id"), sa.column("hash"))
WAITING = sa.table("users_password_hashes", sa.column("user_id"), sa.column("hash"))
"""The table in which the users module has left the hashes; its own revision comes first."""


def upgrade() -> None:
    create("auth_passwords")
    if WAITING.name in sa.inspect(op.get_bind()).get_table_names():
        move(WAITING, PASSWORDS)


def downgrade() -> None:
    create("users_password_hashes")
    move(PASSWORDS, WAITING)


def create(table: str) -> None:
    op.create_table(
        table,
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f(f"pk_{table}")),
    )


def move(source: sa.TableClause, target: sa.TableClause) -> None:
    rows = sa.select(source.c.user_id, source.c.hash)
    op.get_bind().execute(sa.insert(target).from_select(["user_id", "hash"], rows))
    op.drop_table(source.name)
