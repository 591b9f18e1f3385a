"""The list definitions and statements for users and their activity."""

from typing import cast
from uuid import UUID

from sqlalchemy import Enum, and_, bindparam, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from core.kit import Listing, Transaction, select_rows
from core.kit.platform import AuditEntry, Outcome, Union, ValueListing, reserved
from modules.users.models import IS_ADMIN, SEARCH, User
from modules.users.public import Account
from modules.users.values import COLUMNS

IS_KNOWN = User.erasing_since.is_(None)
"""A user who is being erased is in no result, and has neither name nor e-mail address."""
ORDER = (User.created_at, User.name, User.email, User.id)
PERMISSIONS = ValueListing(("module", "name"), default="name")
USERS = Listing(sort=ORDER, search=SEARCH, searchable=IS_KNOWN)
ACCOUNTS = Listing(sort=ORDER, search=SEARCH, searchable=IS_KNOWN, filters=(User.is_active,))
"""The list for admins, which has a filter for active accounts."""

OUTCOME = cast(  # a list filters by an expression too, but its type is of plain columns
    "InstrumentedAttribute[object]",
    type_coerce(AuditEntry.outcome, Enum(Outcome, native_enum=False)),
)
ACTIVITY = Listing(
    sort=(AuditEntry.at, AuditEntry.id),
    filters={"action": AuditEntry.action, "outcome": OUTCOME},
    scope=(AuditEntry.actor_id,),
    default="-at",
)

PROFILES = select_rows(User, *(getattr(User, name) for name in COLUMNS)).where(IS_KNOWN)
BY_ID = PROFILES.where(User.id == bindparam("user_id"))

MAY_SIGN_IN = and_(User.is_active, User.deletes_at.is_(None))
SIGN_IN_ACCOUNTS = select_rows(
    Account,
    User.id,
    User.name,
    User.email,
    User.roles,
    MAY_SIGN_IN.label("is_active"),
    User.locale,
    User.version,
).where(IS_KNOWN)
ACCOUNT_BY_ID = reserved(SIGN_IN_ACCOUNTS.where(User.id == bindparam("user_id")))
ACCOUNT_BY_EMAIL = SIGN_IN_ACCOUNTS.where(User.email_key == bindparam("key"))

ADMINS = select(User.id).where(IS_ADMIN)
ACTIVE_ADMINS = ADMINS.where(MAY_SIGN_IN).order_by(User.id)
ANY_ADMIN = ADMINS.limit(1)
IN_ORDER = (
    select(User.id, and_(IS_ADMIN, MAY_SIGN_IN))
    .where(User.id.in_(bindparam("ids", expanding=True)))
    .order_by(User.id)
)
FIRST = select(User.id).where(IS_KNOWN).order_by(User.created_at, User.id).limit(1)
DUE = (
    select(User.id)
    .where(User.deletes_at <= bindparam("now"), IS_KNOWN)
    .order_by(User.deletes_at)
    .limit(bindparam("at_most"))
)

AUDIT_ROWS = select_rows(AuditEntry)
DONE_ALONE = AUDIT_ROWS.where(AuditEntry.actor_id == bindparam("user_id"))
DONE_FOR = AUDIT_ROWS.where(
    AuditEntry.on_behalf_of == bindparam("user_id"), AuditEntry.actor_id != bindparam("user_id")
)
DONE_BY = Union(DONE_ALONE, DONE_FOR)
"""The actions of this user, of the user's API keys, and of an admin in the user's name."""


async def is_last_admin(tx: Transaction, user_id: UUID) -> bool:
    """Lock this user and the active admins; return whether the user is the only active admin.

    One statement locks them all. A later lock of the user could deadlock with a transaction that
    holds that row and waits for these.
    """
    ids = [*(await tx.session.scalars(ACTIVE_ADMINS)), user_id]
    locked = await tx.session.execute(IN_ORDER.with_for_update(), {"ids": ids})
    return [locked_id for locked_id, is_active_admin in locked if is_active_admin] == [user_id]
