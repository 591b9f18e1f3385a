from datetime import datetime

from sqlalchemy import Dialect, Index, SmallInteger, String, TypeDecorator, text
from sqlalchemy.orm import Mapped, mapped_column

from core.data.folded import folded
from core.data.indexes import PartialIndex
from core.data.models import Base, Timestamped, Versioned
from core.data.search import SearchIndex

IS_ADMIN = text("roles LIKE '%,admin,%'")
LEAVES = text("deletes_at IS NOT NULL")


class RoleNames(TypeDecorator[tuple[str, ...]]):
    """`,admin,member,`: one can be looked for between its commas."""

    impl = String(500)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return value if value is None else f",{''.join(f'{name},' for name in value)}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple((value or "").strip(",").split(",")) if value and value != "," else ()


class User(Versioned, Timestamped, Base):
    __tablename__ = "users"
    __table_args__ = (
        # Every list and total leaves out who is being erased, by this index alone.
        Index("ix_users_created_at_id_erasing_since", "created_at", "id", "erasing_since"),
        Index("ix_users_is_active_created_at_id", "is_active", "created_at", "id"),
        Index("ix_users_name_folded_id", "name_folded", "id"),
        Index("ix_users_email_folded_id", "email_folded", "id"),
        # Only the few rows that are looked for: a plain index of `deletes_at` would be preferred
        # for `IS NULL`, which is nearly everybody.
        PartialIndex("ix_users_admins", "id", where=IS_ADMIN),
        PartialIndex("ix_users_deletes_at", "deletes_at", where=LEAVES),
    )

    name: Mapped[str] = mapped_column(String(50))
    name_folded: Mapped[str] = folded("name", 50)
    email: Mapped[str] = mapped_column(String(254))
    """As its owner writes it."""
    email_folded: Mapped[str] = folded("email", 254)
    email_key: Mapped[str] = mapped_column(String(800), unique=True)
    """As it is compared: whoever writes it in another case means the same mailbox."""
    age: Mapped[int | None] = mapped_column(SmallInteger)
    locale: Mapped[str | None] = mapped_column(String(35))
    password_hash: Mapped[str | None] = mapped_column(String(500))
    roles: Mapped[tuple[str, ...]] = mapped_column(RoleNames)
    is_active: Mapped[bool] = mapped_column(default=True)
    email_verified_at: Mapped[datetime | None]
    pending_email: Mapped[str | None] = mapped_column(String(254))
    last_login_at: Mapped[datetime | None]
    deletes_at: Mapped[datetime | None]
    """Signed out and on the way out: erased from then on."""
    erasing_since: Mapped[datetime | None]
    """Nothing is known of this person any more; the row stays until no other refers to it."""


SEARCH = SearchIndex(User, (User.name, User.email))
