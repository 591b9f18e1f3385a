"""The throttle of password guesses: per account and client, per account, and per client.

A client is a client IP, or the /64 of an IPv6 one. Each attempt counts as wrong before the password
is compared, and a right password clears the count. So parallel attempts reach the hash no more
often than sequential ones (NIST SP 800-63B, 5.2.2). A session of the account, and a client that
signed in to it before, is counted apart from unknown clients, so that these cannot lock the owner
out (ADR 0018). The counts are in the database, for all processes. Unknown accounts are counted like
known ones.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from core.kit import Clock, Database
from core.kit.platform import RateLimited, RateLimits
from modules.auth.errors import HashingBusy
from modules.auth.models import Attempts
from modules.auth.service.login_attempts import AttemptKeys, LoginAttempts
from modules.auth.service.login_delays import count_attempt, forgive, take_back

KNOWN_FOR, MOST_KNOWN = timedelta(days=90), 10
"""The time that an account knows a client after a sign-in, and the number of known clients."""


class LoginThrottle:
    def __init__(
        self, db: Database, clock: Clock, attempts: LoginAttempts, limits: RateLimits
    ) -> None:
        self._db, self._clock, self._attempts, self._limits = db, clock, attempts, limits
        self._account_limit = limits.of("login-account")

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
        keys = self._attempts.keys(email, session_id)
        is_apart = await self._count(keys)
        try:
            key = keys.client if is_apart else keys.account
            await self._account_limit.check(key)
            yield
        except (RateLimited, HashingBusy):  # nothing was compared
            await self._take_back(keys, is_apart)
            raise
        await self._forgive(keys, is_apart)

    async def clear(self, email: str) -> None:
        """Clear the wrong attempts at an account, in the caller's transaction."""
        account = self._attempts.account(email)
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
        account = self._attempts.account(email)
        async with self._db.transaction() as tx:
            await tx.session.execute(delete(Attempts).where(Attempts.account == account))

    async def _count(self, keys: AttemptKeys) -> bool:
        """Count one wrong attempt; return whether the client is counted apart."""
        now = self._clock()
        async with self._attempts.counted(keys, now) as counted:
            count_attempt(counted, now)
        return counted.is_apart

    async def _take_back(self, keys: AttemptKeys, is_apart: bool) -> None:
        now = self._clock()
        async with self._attempts.counted(keys, now, is_apart) as counted:
            take_back(counted, now)

    async def _forgive(self, keys: AttemptKeys, is_apart: bool) -> None:
        """Clear the wrong attempts after a right password, and remember the client."""
        now = self._clock()
        async with self._attempts.counted(keys, now, is_apart) as counted:
            forgive(counted, now)
            if not keys.has_session:
                counted.client.known_until = counted.client.forget_at = now + KNOWN_FOR
        if not is_apart:
            await self._limit_known(keys.account, now)

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
