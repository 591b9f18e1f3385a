from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Dialect, ForeignKey, Index, LargeBinary, String, TypeDecorator, text
from sqlalchemy.orm import Mapped, mapped_column

from core.data.folded import folded
from core.data.indexes import PartialIndex
from core.data.models import Base, Identified

SEALED = text("sealed_successor IS NOT NULL")


class ScopeNames(TypeDecorator[tuple[str, ...]]):
    """Separated by spaces, as OAuth has them."""

    impl = String(2000)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return value if value is None else " ".join(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple((value or "").split())


ENDED = datetime(1970, 1, 1, tzinfo=UTC)
"""The `expires_at` of a session that was ended. Its tokens may be too many for one transaction."""


class AuthSession(Identified, Base):
    """Someone who signed in on one device; a sweep deletes it, and its tokens, after its end."""

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
    """When its tokens were last refreshed."""
    fresh_at: Mapped[datetime]
    """When the person last proved who they are."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    unused_pair: Mapped[str | None] = mapped_column(String(16))
    """The pair of tokens that the last refresh gave, until one of its access tokens is used."""


class RefreshToken(Base):
    """Good for one refresh; those that were used are kept, to notice when one is used again."""

    __tablename__ = "auth_refresh_tokens"
    __table_args__ = (PartialIndex("ix_auth_refresh_tokens_sealed", "used_at", where=SEALED),)

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("auth_sessions.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    sealed_successor: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Seal the successor for grace and retry; only the holder of this token can open it."""


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
    """Signs access tokens while its generation is the highest; then it only verifies."""

    __tablename__ = "auth_signing_keys"

    generation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    verifies_until: Mapped[datetime | None]
    """When the last token it signed has expired; None while it signs."""


class Attempts(Base):
    """Wrong passwords in a row: of one client at an account, of strangers at it, or of a client."""

    __tablename__ = "auth_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A digest: nobody reads here who tried to sign in."""
    account: Mapped[str | None] = mapped_column(String(64), index=True)
    """A digest of the e-mail address, to find what is counted for an account."""
    failures: Mapped[int]
    since: Mapped[datetime]
    open_at: Mapped[datetime]
    forget_at: Mapped[datetime] = mapped_column(index=True)
    known_until: Mapped[datetime | None]
    """Until then this client, which has signed in to the account, is counted by itself."""
