"""Accounts: making one, and what signing in asks of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError
from sqlalchemy import Executable, bindparam, update

from core.data.audit import AuditTrail
from core.data.constraints import unique
from core.data.database import Database
from core.data.writes import write
from core.events.outbox import Outbox
from core.kernel.clock import Clock
from core.kernel.context import current_context
from core.kernel.errors import FieldError, InvalidInput
from core.kernel.principal import Principal
from core.security.authentication import ProofFailed, StepUpRequired
from core.security.limits import RateLimits
from core.security.passwords import Passwords
from core.security.roles import MEMBER, Roles
from modules.users.email import as_written, key_of
from modules.users.models import User
from modules.users.public import Account, EmailTaken, NewAccount, Person, UserRegistered
from modules.users.queries import CREDENTIALS_BY_EMAIL, CREDENTIALS_BY_ID, FIRST
from modules.users.rows import account_of, person_of, update_row

SIGNED_IN = (
    update(User.__table__)  # type: ignore[arg-type]
    .where(User.id == bindparam("user_id"))
    .values(
        last_login_at=bindparam("at"),
        version=User.version + 1,  # an admin's ETag covers it
        updated_at=User.updated_at,  # the person has changed nothing
    )
)


class AccountService:
    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        audit: AuditTrail,
        clock: Clock,
        roles: Roles,
        passwords: Passwords,
        limits: RateLimits,
    ) -> None:
        self._db, self._outbox, self._audit, self._clock = db, outbox, audit, clock
        self._roles, self._passwords, self._limits = roles, passwords, limits

    async def by_email(self, email: str) -> Account | None:
        try:
            key = key_of(email)
        except EmailNotValidError:
            return None
        return await self._account(CREDENTIALS_BY_EMAIL, key=key)

    async def by_id(self, user_id: UUID) -> Account | None:
        return await self._account(CREDENTIALS_BY_ID, user_id=user_id)

    async def first_id(self) -> UUID | None:
        async with self._db.read() as reads:
            found: UUID | None = await reads.scalar(FIRST)
        return found

    async def register(self, new: NewAccount, roles: Sequence[str] = (MEMBER,)) -> Person:
        user = await self._prepare(new, roles)
        current_context().about = user.id
        async with self._db.transaction() as session:
            session.add(user)
            with unique(User.email_key, EmailTaken):
                await session.flush()
            await self._outbox.record(session, UserRegistered(user_id=user.id))
            await self._audit.record(session, "users.create", user, roles=[*user.roles])
        return person_of(user, self._roles)

    async def prove(self, user_id: UUID, password: str | None) -> Account:
        await self._limits.check("login-account", f"proof:{user_id.hex}")
        account = await self.by_id(user_id)
        stored = account.password_hash if account else None
        if not await self._passwords.verify(stored, password or "") or account is None:
            raise ProofFailed("The password is missing or wrong.")
        return account

    async def confirm(self, actor: Principal, password: str | None) -> None:
        """Whoever has a password proves it; who has none signed in, or proved it, just now."""
        account = await self.by_id(actor.id)
        if account and account.password_hash is None:
            if not actor.is_fresh(self._clock()):
                raise StepUpRequired
        else:
            await self.prove(actor.id, password)

    async def set_password_hash(self, user_id: UUID, password_hash: str) -> None:
        async with self._db.transaction() as session:
            await update_row(session, user_id, {"password_hash": password_hash})
            self._db.touch("users", "principals")

    async def signed_in(self, user_id: UUID, at: datetime) -> None:
        async with self._db.transaction() as session:
            await write(session, SIGNED_IN, {"user_id": user_id, "at": at})

    async def _account(self, statement: Executable, **values: Any) -> Account | None:
        async with self._db.read() as reads:
            row = (await reads.execute(statement, values)).one_or_none()
        return account_of(row) if row is not None else None

    async def _prepare(self, new: NewAccount, roles: Sequence[str]) -> User:
        """The slow part, before any transaction: checked, and the password hashed."""
        email, key = readable(new.email)
        self._passwords.check(new.password, "body.password", email, new.name)
        now = self._clock()
        return User(
            name=new.name,
            email=email,
            email_key=key,
            age=new.age,
            roles=self._roles.check(roles),
            password_hash=await self._passwords.hash(new.password),
            created_at=now,
            updated_at=now,
        )


def readable(email: str) -> tuple[str, str]:
    """As it is written and as it is compared. Raises InvalidInput."""
    try:
        return as_written(email), key_of(email)
    except EmailNotValidError as error:
        raise InvalidInput([FieldError("body.email", str(error), "email")]) from None
