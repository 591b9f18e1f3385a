from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Dialect, ForeignKey, Index, LargeBinary, String, TypeDecorator, text
from sqlalchemy.orm import Mapped, mapped_column

from core.kit import Base, folded
from core.kit.platform import Identified, PartialIndex

SEALED = text("sealed_successor IS NOT NULL")


class ScopeNames(TypeDecorator[tuple[str, ...]]):
    """The scopes of an API key in one column, separated by spaces as in OAuth 2."""

    impl = String(2000)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return value if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple((value or "").split())


ENDED = datetime(1970, 1, 1, tzinfo=UTC)
"""The `expires_at` of a session that was ended.

The row stays for the sweep, because its tokens may be too many for one transaction.
"""


class Password(Base):
    """The password of a user; a user without a row signs in in another way, or not at all."""

    __tablename__ = "auth_passwords"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[str] = mapped_column(String(500))


class AuthSession(Identified, Base):
    """A session of a user on one device; a sweep deletes the row and its tokens after its end."""

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("ix_auth_sessions_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_auth_sessions_user_id_last_used_at_id", "user_id", "last_used_at", "id"),
        Index("ix_auth_sessions_created_at_id", "created_at", "id"),
        Index("ix_auth_sessions_last_used_at_id", "last_used_at", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    """The time of the sign-in or of the last refresh."""
    fresh_at: Mapped[datetime]
    """The time of the sign-in or of the last re-authentication."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    unused_pair: Mapped[str | None] = mapped_column(String(16))
    """The id (`pair_of`) of the tokens from the last refresh, until the access token is used."""


class RefreshToken(Base):
    """A refresh token is valid once; used ones stay, to detect that one is used again."""

    __tablename__ = "auth_refresh_tokens"
    __table_args__ = (PartialIndex("ix_auth_refresh_tokens_sealed", "used_at", where=SEALED),)

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_sessions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    sealed_successor: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The successor, kept for grace and retry; only the holder of this token can unseal it."""


class ApiKey(Identified, Base):
    __tablename__ = "auth_api_keys"
    __table_args__ = (
        Index("ix_auth_api_keys_user_id_created_at_id", "user_id", "created_at", "id"),
        Index("ix_auth_api_keys_user_id_name_folded_id", "user_id", "name_folded", "id"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    prefix: Mapped[str] = mapped_column(String(32), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    name: Mapped[str] = mapped_column(String(100))
    name_folded: Mapped[str] = folded("name", 100)
    scopes: Mapped[tuple[str, ...]] = mapped_column(ScopeNames)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    last_used_at: Mapped[datetime | None]


class SigningKey(Base):
    """The key of the highest generation signs access tokens; the earlier keys only verify."""

    __tablename__ = "auth_signing_keys"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    verifies_until: Mapped[datetime | None]
    """The time until which the key verifies tokens; None while it signs."""


class Attempts(Base):
    """Counts of wrong passwords: per account and client, per account, and per client."""

    __tablename__ = "auth_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest, so that the table does not reveal who tried to sign in."""
    account: Mapped[str | None] = mapped_column(String(64), index=True)
    """A digest of the e-mail address, by which the rows of an account are found."""
    failures: Mapped[int]
    since: Mapped[datetime]
    open_at: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)
    known_until: Mapped[datetime | None]
    """Until this time the client, which signed in to the account, is counted separately."""
