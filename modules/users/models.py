from datetime import datetime

from sqlalchemy import Dialect, Index, SmallInteger, String, TypeDecorator, text
from sqlalchemy.orm import Mapped, mapped_column

from core.kit import Base, SearchIndex, Timestamped, Versioned, folded
from core.kit.platform import PartialIndex

IS_ADMIN = text("roles LIKE '%,admin,%'")
LEAVES = text("deletes_at IS NOT NULL")


class RoleNames(TypeDecorator[tuple[str, ...]]):
    """Role names in one column, such as `,admin,member,`; a query finds one by its commas."""

    impl = String(500)
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return value if value is None else f",{''.join(f'{name},' for name in value)}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple((value or "").strip(",").split(",")) if value and value != "," else ()


class User(Versioned, Timestamped, Base):
    __tablename__ = "users"
    __table_args__ = (
        # Every list and total excludes users who are being erased, by this index alone.
        Index("ix_users_created_at_id_erasing_since", "created_at", "id", "erasing_since"),
        Index("ix_users_is_active_created_at_id", "is_active", "created_at", "id"),
        Index("ix_users_name_folded_id", "name_folded", "id"),
        Index("ix_users_email_folded_id", "email_folded", "id"),
        # These cover only the few rows that queries look for. The planner would prefer a plain
        # index of `deletes_at` for `IS NULL` too, which is true for nearly all rows.
        PartialIndex("ix_users_admins", "id", where=IS_ADMIN),
        PartialIndex("ix_users_deletes_at", "deletes_at", where=LEAVES),
    )

    name: Mapped[str] = mapped_column(String(50))
    name_folded: Mapped[str] = folded("name", 50)
    email: Mapped[str] = mapped_column(String(254))
    """The e-mail address as its owner writes it."""
    email_folded: Mapped[str] = folded("email", 254)
    email_key: Mapped[str] = mapped_column(String(800), unique=True)
    """The e-mail address as it is compared: another case means the same mailbox."""
    age: Mapped[int | None] = mapped_column(SmallInteger)
    locale: Mapped[str | None] = mapped_column(String(35))
    roles: Mapped[tuple[str, ...]] = mapped_column(RoleNames)
    is_active: Mapped[bool] = mapped_column(default=True)
    email_verified_at: Mapped[datetime | None]
    pending_email: Mapped[str | None] = mapped_column(String(254))
    last_login_at: Mapped[datetime | None]
    deletes_at: Mapped[datetime | None]
    """The time after which the account is erased; sign-in has ended already."""
    erasing_since: Mapped[datetime | None]
    """The time since which the row is blank; the row stays until no other row refers to it."""


SEARCH = SearchIndex(User, (User.name, User.email))
