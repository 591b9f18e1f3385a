"""The service that makes accounts, and that sign-in uses."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from email_validator import EmailNotValidError
from sqlalchemy import bindparam, update

from core.kit import Clock, Contributions, Database, FieldError, InvalidInput, unique, uuid7
from core.kit.platform import MEMBER, NewPasswords, Roles, StorePassword, current_context
from modules.users.email import as_written, email_key
from modules.users.errors import EmailTaken
from modules.users.models import User
from modules.users.public import Account, AccountUnlocked, UserRegistered
from modules.users.queries import ACCOUNT_BY_EMAIL, ACCOUNT_BY_ID, FIRST
from modules.users.rows import profile_of, update_row
from modules.users.values import NewAccount, Profile

SIGNED_IN = (
    update(User.__table__)  # type: ignore[arg-type]
    .where(User.id == bindparam("user_id"))
    .values(
        last_login_at=bindparam("at"),
        version=User.version + 1,  # the ETag for admins covers it
        updated_at=User.updated_at,  # the user has changed nothing
    )
)


AddUser = Callable[[], Awaitable[Profile]]
"""A function that adds a prepared user, in the caller's transaction. Raises EmailTaken."""


class AccountService:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        roles: Roles,
        passwords: NewPasswords,
        contributions: Contributions,
    ) -> None:
        self._db, self._clock = db, clock
        self._roles, self._passwords, self._contributions = roles, passwords, contributions

    async def by_email(self, email: str) -> Account | None:
        try:
            key = email_key(email)
        except EmailNotValidError:
            return None
        async with self._db.read() as reads:
            return await reads.first(ACCOUNT_BY_EMAIL, {"key": key})

    async def by_id(self, user_id: UUID) -> Account | None:
        async with self._db.read() as reads:
            return await reads.first(ACCOUNT_BY_ID, {"user_id": user_id})

    async def first_id(self) -> UUID | None:
        async with self._db.read() as reads:
            user_id: UUID | None = await reads.scalar(FIRST)
        return user_id

    async def register(self, new: NewAccount, roles: Sequence[str] = (MEMBER,)) -> Profile:
        """Raises EmailTaken; the audit entry of an anonymous caller names the existing account."""
        add = await self.prepare(new, roles)
        existing = await self.by_email(new.email)
        try:
            return await add()
        except EmailTaken:
            current_context().about = existing.id if existing else None
            raise

    async def prepare(self, new: NewAccount, roles: Sequence[str] = (MEMBER,)) -> AddUser:
        """Check the fields and hash the password, before any transaction opens."""
        email, key = stored_and_key(new.email)
        store_password = await self._passwords.prepare(new.password, email, new.name)
        return partial(self._add, new, email, key, self._roles.check(roles), store_password)

    async def _add(
        self,
        new: NewAccount,
        email: str,
        key: str,
        roles: Sequence[str],
        store_password: StorePassword,
    ) -> Profile:
        current_context().about = user_id = uuid7()
        now = self._clock()
        async with self._db.transaction() as tx:
            with unique(User.email_key, EmailTaken):
                user = await tx.insert(
                    User,
                    id=user_id,
                    name=new.name,
                    email=email,
                    email_key=key,
                    age=new.age,
                    roles=roles,
                    created_at=now,
                    updated_at=now,
                )
            await store_password(user.id)
            await tx.publish(UserRegistered(user_id=user.id))
            await self.unlock(user.email)
            await tx.record("users.create", user, roles=[*user.roles])
        return profile_of(user, self._roles)

    async def unlock(self, email: str) -> None:
        """Clear the wrong attempts at this account, in the caller's transaction."""
        for unlocked in self._contributions.of(AccountUnlocked):
            await unlocked.run(email)

    async def password_changed(self, user_id: UUID) -> None:
        async with self._db.transaction() as tx:
            await update_row(self._db, user_id, {"updated_at": self._clock()})
            tx.invalidate("users", "principals")

    async def signed_in(self, user_id: UUID, at: datetime) -> None:
        async with self._db.transaction() as tx:
            await tx.execute(SIGNED_IN, {"user_id": user_id, "at": at})


def stored_and_key(email: str) -> tuple[str, str]:
    """Return the e-mail address to store, and its unique form. Raises InvalidInput."""
    try:
        return as_written(email), email_key(email)
    except EmailNotValidError as error:
        raise InvalidInput([FieldError("body.email", str(error), "users:email")]) from None
