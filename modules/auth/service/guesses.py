"""Guessing made slow: by account, whoever guesses and from wherever, and by address.

Each attempt counts as wrong before the password is looked at, and is forgiven when it was right: so
of many at once no more reach the hash than one after the other would (NIST SP 800-63B, 5.2.2).
Counted in the database, for all processes; unknown accounts are counted like known ones.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from email_validator import EmailNotValidError
from sqlalchemy import bindparam, delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.data.database import Database
from core.data.upserts import insert_for
from core.data.writes import write
from core.kernel.clock import Clock
from core.kernel.context import current_context
from core.kernel.text import simple_lower
from core.security.limits import RateLimits
from core.security.passwords import HashingBusy
from core.security.secrets import SecretKeys
from modules.auth.errors import TooManyAttempts
from modules.auth.models import Attempts
from modules.users.public import email_key

FREE, CEILING = 5, 100
"""Wrong attempts at one account without a delay, and without an end."""
LONGEST_DELAY = timedelta(minutes=15)
REMEMBERED = timedelta(days=30)

FREE_BY_ADDRESS, WINDOW_BY_ADDRESS = 20, timedelta(minutes=5)

_given = {it.name: bindparam(f"new_{it.name}", type_=it.type) for it in Attempts.__table__.columns}
KEEP = update(Attempts.__table__).where(Attempts.key == _given["key"]).values(_given)  # type: ignore[arg-type]


class Guesses:
    def __init__(self, db: Database, clock: Clock, secrets: SecretKeys, limits: RateLimits) -> None:
        self._db, self._clock, self._secrets, self._limits = db, clock, secrets, limits
        self._open = opening(insert_for(db.engine.dialect))

    @asynccontextmanager
    async def attempt(self, email: str) -> AsyncIterator[None]:
        """Compare inside, and leave by an error where it was wrong.

        Raises TooManyAttempts and RateLimited before anything is compared.
        """
        if not self._limits.enabled:
            yield
            return
        account = self._key(f"account:{account_key(email)}")
        address = self._key(f"address:{current_context().client}")
        await self._limits.check("login-account", account)
        await self._count(account, address)
        try:
            yield
        except HashingBusy:  # nothing was compared
            await self._take_back(account, address, right=False)
            raise
        await self._take_back(account, address, right=True)

    async def forget_old(self) -> None:
        async with self._db.transaction() as session:
            await session.execute(delete(Attempts).where(Attempts.forget_at < self._clock()))

    async def _count(self, account: str, address: str) -> None:
        now = self._clock()
        async with self._db.transaction() as session:
            by_account, by_address = await self._rows(session, account, address, now)
            if not timedelta() <= now - by_address.since < WINDOW_BY_ADDRESS:
                by_address.assign(failures=0, since=now, open_at=now)
            wait = max(  # no longer than it can have been meant, should a clock have been ahead
                min(by_account.open_at - now, delay_after(by_account.failures)),
                min(by_address.open_at - now, WINDOW_BY_ADDRESS),
            )
            if wait > timedelta():
                raise TooManyAttempts(retry_after_s=ceil(wait.total_seconds()))
            by_account.failures += 1
            by_account.open_at = now + delay_after(by_account.failures)
            by_account.forget_at = now + REMEMBERED
            by_address.failures += 1
            by_address.forget_at = by_address.since + WINDOW_BY_ADDRESS
            if by_address.failures >= FREE_BY_ADDRESS:
                by_address.open_at = by_address.forget_at
            await keep(session, by_account, by_address)

    async def _take_back(self, account: str, address: str, right: bool) -> None:
        """One attempt; and of the account all, where it was right."""
        now = self._clock()
        async with self._db.transaction() as session:
            by_account, by_address = await self._rows(session, account, address, now)
            left = 0 if right else max(0, by_account.failures - 1)
            by_account.assign(failures=left, open_at=now)
            by_address.assign(failures=max(0, by_address.failures - 1), open_at=now)
            await keep(session, by_account, by_address)

    async def _rows(
        self, session: AsyncSession, account: str, address: str, now: datetime
    ) -> tuple[Attempts, Attempts]:
        """Both, locked in one order, so that nobody waits in a circle."""
        new = {"failures": 0, "since": now, "open_at": now, "forget_at": now + REMEMBERED}
        found = {}
        for key in sorted((account, address)):
            row = (await write(session, self._open, given(key=key, **new))).one()
            found[key] = Attempts(**row._asdict())
        return found[account], found[address]

    def _key(self, what: str) -> str:
        return self._secrets.sign("auth.attempts", what.encode()).hex()


def opening(insert: Any) -> Any:
    """Makes the row where there is none, and locks it."""
    unchanged = {"failures": Attempts.failures}
    row = insert(Attempts).values(_given)
    opened = row.on_conflict_do_update(index_elements=[Attempts.key], set_=unchanged)
    return opened.returning(*Attempts.__table__.columns)


async def keep(session: AsyncSession, *attempts: Attempts) -> None:
    for each in attempts:
        await write(session, KEEP, given(**{name: getattr(each, name) for name in _given}))


def given(**columns: Any) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in columns.items()}


def delay_after(failures: int) -> timedelta:
    """1 s after the fifth, then twice as long each time; after the last one until forgotten."""
    if failures < FREE:
        return timedelta()
    if failures >= CEILING:
        return REMEMBERED
    return min(timedelta(seconds=2 ** min(failures - FREE, 20)), LONGEST_DELAY)


def account_key(email: str) -> str:
    """However the address is written, and also of what is no address."""
    try:
        return email_key(email)
    except EmailNotValidError:
        return simple_lower(email.strip())
