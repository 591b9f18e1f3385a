"""Whose rows, and how they are listed."""

from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.data.audit import AuditEntry
from core.data.queries import Listing
from core.data.totals import Count
from modules.users.models import IS_ADMIN, SEARCH, User

ORDER = (User.created_at, User.name, User.email, User.id)
PEOPLE = Listing(sort=ORDER, search=SEARCH)
ACCOUNTS = Listing(sort=ORDER, search=SEARCH, filters=(User.is_active,))
"""What admins see of people: whether they may sign in, too."""

ACTIVITY = Listing(
    sort=(AuditEntry.at, AuditEntry.id),
    filters=(AuditEntry.action, AuditEntry.outcome),
    default="-at",
)

PERSONAL = [column for column in User.__table__.columns if column.key != "password_hash"]
EVERYONE = select(*PERSONAL)
BY_ID = EVERYONE.where(User.id == bindparam("user_id"))
ROW_BY_ID = select(User.__table__).where(User.id == bindparam("user_id"))

CREDENTIALS = select(
    User.id,
    User.name,
    User.email,
    User.roles,
    User.is_active,
    User.deletes_at,
    User.password_hash,
    User.locale,
    User.version,
)
CREDENTIALS_BY_ID = CREDENTIALS.where(User.id == bindparam("user_id"))
CREDENTIALS_BY_EMAIL = CREDENTIALS.where(User.email_key == bindparam("key"))

MAY_SIGN_IN = and_(User.is_active, User.deletes_at.is_(None))
ADMINS = select(User.id).where(IS_ADMIN)
ACTIVE_ADMINS = ADMINS.where(MAY_SIGN_IN).order_by(User.id)
ANY_ADMIN = ADMINS.limit(1)
FIRST = select(User.id).order_by(User.created_at, User.id).limit(1)
DUE = select(User.id).where(User.deletes_at <= bindparam("now")).order_by(User.deletes_at)

DONE_BY = select(*AuditEntry.__table__.columns).where(
    or_(
        AuditEntry.actor_id == bindparam("user_id"),
        AuditEntry.on_behalf_of == bindparam("user_id"),
    )
)
"""Also by that person's API keys, and by whoever acted in that person's name."""

TOTAL = Count(select(User.id))
ACTIVE = Count(select(User.id).where(MAY_SIGN_IN))


async def lock_admins(session: AsyncSession) -> list[UUID]:
    """The active admins, who stay what they are until the transaction ends: always in one order."""
    return [*(await session.scalars(ACTIVE_ADMINS.with_for_update()))]
