"""The throttle of password guesses: per account and client, per account, and per client.

A client is a client IP, or the /64 of an IPv6 one. Each attempt counts as wrong before the password
is compared, and a right password clears the count. So parallel attempts reach the hash no more
often than sequential ones (NIST SP 800-63B, 5.2.2). A session of the account, and a client that
signed in to it before, is counted apart from unknown clients, so that these cannot lock the owner
out (ADR 0018). The counts are in the database, for all processes. Unknown accounts are counted like
known ones.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError
from sqlalchemy import bindparam, delete, or_, select, update

from core.kit import Clock, Database, Transaction
from core.kit.platform import (
    HashingBusy,
    RateLimited,
    RateLimits,
    ResetRequired,
    SecretKeys,
    TooManyAttempts,
    current_context,
    delete_all,
    insert_for,
    simple_lower,
)
from modules.auth.models import Attempts
from modules.users.public import email_key

FREE, CEILING = 5, 100
"""Wrong attempts of a client at an account: how many cause no delay, and how many close it."""
FREE_TO_STRANGERS = 20
"""Wrong attempts of all unknown clients together at one account that cause no delay."""
MAX_DELAY = timedelta(minutes=15)
REMEMBERED = timedelta(days=30)

FREE_BY_ADDRESS, WINDOW_BY_CLIENT = 20, timedelta(minutes=5)

KNOWN_FOR, MOST_KNOWN = timedelta(days=90), 10
"""The time that an account knows a client after a sign-in, and the number of known clients."""

_given = {it.name: bindparam(f"new_{it.name}", type_=it.type) for it in Attempts.__table__.columns}
KEEP = update(Attempts.__table__).where(Attempts.key == _given["key"]).values(_given)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Guesser:
    """The keys under which an attempt counts; each is a digest."""

    account: str
    """All unknown clients at this account."""
    client: str
    """This client at this account, or the session that is signed in to it."""
    address: str
    """This client at any account."""
    has_session: bool


@dataclass(slots=True)
class Counted:
    """The rows in which an attempt counts; a client that is counted apart has one row."""

    client: Attempts
    strangers: Attempts | None = None
    address: Attempts | None = None

    @property
    def rows(self) -> list[Attempts]:
        return [row for row in (self.client, self.strangers, self.address) if row is not None]

    @property
    def by_account(self) -> list[tuple[Attempts, int]]:
        """Return the rows of the account, each with the number of attempts without a delay."""
        strangers = [(self.strangers, FREE_TO_STRANGERS)] if self.strangers else []
        return [(self.client, FREE), *strangers]


class LoginThrottle:
    def __init__(self, db: Database, clock: Clock, secrets: SecretKeys, limits: RateLimits) -> None:
        self._db, self._clock, self._secrets, self._limits = db, clock, secrets, limits
        self._open = opening(insert_for(db.engine.dialect))

    @asynccontextmanager
    async def attempt(self, email: str, session_id: UUID | None = None) -> AsyncIterator[None]:
        """Count an attempt; the block compares the password, and raises an error if it is wrong.

        `session_id` is the session of the account that re-authenticates. Raises TooManyAttempts,
        ResetRequired and RateLimited before the password is compared, and RuntimeError inside a
        transaction, which would undo the count.
        """
        self._db.must_be_outside("A password was compared")
        if not self._limits.enabled:
            yield
            return
        guesser = self._guesser(email, session_id)
        is_apart = await self._count(guesser)
        try:
            key = guesser.client if is_apart else guesser.account
            await self._limits.check("login-account", key)
            yield
        except (RateLimited, HashingBusy):  # nothing was compared
            await self._take_back(guesser, is_apart)
            raise
        await self._forgive(guesser, is_apart)

    async def clear(self, email: str) -> None:
        """Clear the wrong attempts at an account, in the caller's transaction."""
        account = self._account(email)
        of_account = or_(Attempts.account == account, Attempts.key == account)
        in_order = (
            select(Attempts.key).where(of_account).order_by(Attempts.key == account, Attempts.key)
        )
        nothing = {"failures": 0, "open_at": self._clock()}
        async with self._db.transaction() as tx:
            await tx.session.execute(in_order.with_for_update())
            await tx.session.execute(update(Attempts).where(of_account).values(nothing))

    async def forget(self, email: str) -> None:
        """Remove the rows of an account that is erased."""
        account = self._account(email)
        async with self._db.transaction() as tx:
            await tx.session.execute(delete(Attempts).where(Attempts.account == account))

    async def forget_old(self) -> None:
        await delete_all(self._db, Attempts, Attempts.forget_at < self._clock())

    async def _count(self, guesser: Guesser) -> bool:
        """Count one wrong attempt; return whether the client is counted apart."""
        now = self._clock()
        async with self._db.separate() as tx:
            client = await self._row(tx, guesser.client, guesser.account, now)
            is_apart = guesser.has_session or is_known(client, now)
            counted = await self._counted(tx, guesser, client, is_apart, now)
            restart_window(counted.address, now)
            refuse_early(counted, now)
            count_wrong(counted, now)
            await keep(tx, counted.rows)
        return is_apart

    async def _take_back(self, guesser: Guesser, is_apart: bool) -> None:
        """Subtract an attempt for which no password was compared."""
        now = self._clock()
        async with self._db.separate() as tx:
            client = await self._row(tx, guesser.client, guesser.account, now)
            counted = await self._counted(tx, guesser, client, is_apart, now)
            for row in counted.rows:
                row.failures, row.open_at = max(0, row.failures - 1), now
            await keep(tx, counted.rows)

    async def _forgive(self, guesser: Guesser, is_apart: bool) -> None:
        """Clear the wrong attempts after a right password, and remember the client."""
        now = self._clock()
        async with self._db.separate() as tx:
            client = await self._row(tx, guesser.client, guesser.account, now)
            counted = await self._counted(tx, guesser, client, is_apart, now)
            for row, _ in counted.by_account:
                row.failures, row.open_at = 0, now
            if (address := counted.address) is not None:
                address.failures, address.open_at = max(0, address.failures - 1), now
            if not guesser.has_session:
                client.known_until = client.forget_at = now + KNOWN_FOR
            await keep(tx, counted.rows)
        if not is_apart:
            await self._limit_known(guesser.account, now)

    async def _counted(
        self,
        tx: Transaction,
        guesser: Guesser,
        client: Attempts,
        is_apart: bool,
        now: datetime,
    ) -> Counted:
        """Lock the rows in one order, against deadlocks: client, then account, then client IP."""
        if is_apart:
            return Counted(client)
        strangers = await self._row(tx, guesser.account, guesser.account, now)
        return Counted(client, strangers, await self._row(tx, guesser.address, None, now))

    async def _row(self, tx: Transaction, key: str, account: str | None, now: datetime) -> Attempts:
        """Return the row, locked; add it if there is none."""
        new = {"failures": 0, "since": now, "open_at": now, "forget_at": now + REMEMBERED}
        values = given(key=key, account=account, known_until=None, **new)
        row = (await tx.execute(self._open, values)).one()
        return Attempts(**row._asdict())

    async def _limit_known(self, account: str, now: datetime) -> None:
        """Keep only the clients that signed in last, because each has attempts of its own."""
        known = (Attempts.account == account) & (Attempts.known_until > now)
        newest_first = select(Attempts.key).where(known).order_by(Attempts.known_until.desc())
        async with self._db.separate() as tx:
            await tx.session.execute(
                select(Attempts.key).where(known).order_by(Attempts.key).with_for_update()
            )
            beyond = (await tx.session.scalars(newest_first.offset(MOST_KNOWN))).all()
            if beyond:
                surplus = update(Attempts).where(Attempts.key.in_(beyond))
                await tx.session.execute(surplus.values(known_until=None))

    def _guesser(self, email: str, session_id: UUID | None) -> Guesser:
        account, client = account_key(email), current_context().client
        own = f"session\n{session_id}" if session_id else f"client\n{client}"
        return Guesser(
            account=self._account(email),
            client=self._digest(f"{own}\n{account}"),
            address=self._digest(f"address:{client}"),
            has_session=session_id is not None,
        )

    def _account(self, email: str) -> str:
        return self._digest(f"account:{account_key(email)}")

    def _digest(self, what: str) -> str:
        return self._secrets.sign("auth.attempts", what.encode()).hex()


def is_known(client: Attempts, now: datetime) -> bool:
    return client.known_until is not None and client.known_until > now


def restart_window(address: Attempts | None, now: datetime) -> None:
    if address and not timedelta() <= now - address.since < WINDOW_BY_CLIENT:
        address.failures, address.since, address.open_at = 0, now, now


def refuse_early(counted: Counted, now: datetime) -> None:
    """Raise ResetRequired or TooManyAttempts.

    A delay never exceeds its intended length, even if the clock that set it was ahead.
    """
    if any(row.failures >= CEILING for row, _ in counted.by_account):
        raise ResetRequired
    waits = [
        min(row.open_at - now, delay_after(row.failures, free)) for row, free in counted.by_account
    ]
    if counted.address:
        waits.append(min(counted.address.open_at - now, WINDOW_BY_CLIENT))
    if (wait := max(waits)) > timedelta():
        raise TooManyAttempts(retry_after_s=ceil(wait.total_seconds()))


def count_wrong(counted: Counted, now: datetime) -> None:
    for row, free in counted.by_account:
        row.failures += 1
        row.open_at = now + delay_after(row.failures, free)
        row.forget_at = max(now + REMEMBERED, row.known_until or now)
    if (address := counted.address) is None:
        return
    address.failures += 1
    address.forget_at = address.since + WINDOW_BY_CLIENT
    if address.failures >= FREE_BY_ADDRESS:
        address.open_at = address.forget_at


def opening(insert: Any) -> Any:
    """Return the statement that adds a row if there is none, and locks it."""
    unchanged = {"failures": Attempts.failures}
    row = insert(Attempts).values(_given)
    opened = row.on_conflict_do_update(index_elements=[Attempts.key], set_=unchanged)
    return opened.returning(*Attempts.__table__.columns)


async def keep(tx: Transaction, attempts: Iterable[Attempts]) -> None:
    for row in attempts:
        await tx.execute(KEEP, given(**{name: getattr(row, name) for name in _given}))


def given(**columns: Any) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in columns.items()}


def delay_after(failures: int, free: int = FREE) -> timedelta:
    """Return 1 s after `free` failures, then twice as long each time, up to MAX_DELAY."""
    if failures < free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - free, 20)), MAX_DELAY)


def account_key(email: str) -> str:
    """Return one key for all spellings of an e-mail address, and a key for any other text."""
    try:
        return email_key(email)
    except EmailNotValidError:
        return simple_lower(email.strip())
