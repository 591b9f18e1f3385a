"""auth"""

import sqlalchemy as sa
from alembic import op

revision = "auth_first"
down_revision = None
branch_labels = None
depends_on = None

SEALED = sa.text("sealed_successor IS NOT NULL")


def upgrade() -> None:
    create_sessions()
    create_refresh_tokens()
    create_api_keys()
    create_signing_keys()
    create_attempts()


def create_sessions() -> None:
    op.create_table(
        "auth_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auth_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_sessions")),
    )
    op.create_index(
        "ix_auth_sessions_user_id_created_at_id", "auth_sessions", ["user_id", "created_at", "id"]
    )
    op.create_index("ix_auth_sessions_created_at_id", "auth_sessions", ["created_at", "id"])
    op.create_index("ix_auth_sessions_expires_at", "auth_sessions", ["expires_at"])


def create_refresh_tokens() -> None:
    op.create_table(
        "auth_refresh_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_successor", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["auth_sessions.id"],
            name=op.f("fk_auth_refresh_tokens_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_auth_refresh_tokens")),
    )
    op.create_index("ix_auth_refresh_tokens_session_id", "auth_refresh_tokens", ["session_id"])
    op.create_index(
        "ix_auth_refresh_tokens_sealed",
        "auth_refresh_tokens",
        ["used_at"],
        sqlite_where=SEALED,
        postgresql_where=SEALED,
    )


def create_api_keys() -> None:
    op.create_table(
        "auth_api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.String(length=2000), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auth_api_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_auth_api_keys_prefix")),
    )
    op.create_index(
        "ix_auth_api_keys_user_id_created_at_id", "auth_api_keys", ["user_id", "created_at", "id"]
    )
    op.create_index("ix_auth_api_keys_expires_at", "auth_api_keys", ["expires_at"])


def create_signing_keys() -> None:
    op.create_table(
        "auth_signing_keys",
        sa.Column("generation", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verifies_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_auth_signing_keys")),
    )


def create_attempts() -> None:
    op.create_table(
        "auth_attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_auth_attempts")),
    )
    op.create_index("ix_auth_attempts_forget_at", "auth_attempts", ["forget_at"])


def downgrade() -> None:
    for table in ("attempts", "signing_keys", "api_keys", "refresh_tokens", "sessions"):
        op.drop_table(f"auth_{table}")
