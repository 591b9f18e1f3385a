"""The relay calls the listeners of recorded events at least once. It runs in every process.

A process claims a delivery by a lease and commits the claim, so a listener runs without a lock. The
delivery is deleted after the call or, if the listener is transactional, in the same transaction as
its work. The lease of a process that dies runs out. A process that comes back too late no longer
holds the lease of the row, and changes nothing.
"""

from asyncio import CancelledError, Lock, current_task
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from secrets import randbelow

import structlog

from core.data.database import Database
from core.events.background import Background
from core.events.deliveries import Claim, Deliveries
from core.events.leases import renewed
from core.events.models import Status
from core.events.outbox import Outbox
from core.events.payloads import Unreadable, decode
from core.kernel.clock import Clock
from core.kernel.contributions import Contributions
from core.kernel.errors import ProblemError
from core.kernel.events import Event, Listener
from core.kernel.fallbacks import count_fallback

AT_ONCE = 4
"""The most deliveries of one listener at a time, so that slow ones do not delay other listeners."""
ATTEMPTS = 12
MAX_WAIT_S = 3600

log = structlog.get_logger(__name__)


class Relay:
    def __init__(
        self, db: Database, clock: Clock, outbox: Outbox, contributions: Contributions
    ) -> None:
        self._db, self._clock, self._outbox = db, clock, outbox
        self._contributions = contributions
        self._background = Background(self._start_due, wake=outbox.arrived)
        self._busy: Counter[str] = Counter()
        self._looking = Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the block runs; then finish the running deliveries or release them."""
        try:
            await self._outbox.tidy(self._db)
        except Exception:
            count_fallback("outbox_tidy")
            log.exception("outbox_not_tidied")
        async with self._background.running():
            yield

    async def deliver_all(self) -> None:
        """Deliver all due events, and the events that result from them, and wait for the end."""
        while await self._start_due() or await self._background.finish():
            pass

    async def _start_due(self) -> bool:
        """Start due deliveries, up to AT_ONCE per listener; return False if none was started.

        The lock lets one call run at a time, so that all earlier claims have been started.
        """
        async with self._looking:
            due = await self._deliveries.due()
            rooms = {name: AT_ONCE - self._busy[name] for name in due if self._busy[name] < AT_ONCE}
            claims = await self._deliveries.claim(rooms) if rooms else []
            for claim in claims:
                self._busy[claim.listener] += 1
                self._background.start(self._deliver(claim))
        return bool(claims)

    async def _deliver(self, claim: Claim) -> None:
        try:
            await self._attempt(claim)
        finally:
            self._busy[claim.listener] -= 1

    async def _attempt(self, claim: Claim) -> None:
        if claim.attempts > ATTEMPTS:
            return await self._give_up(claim, "It has never come to an end.")
        try:
            listener = self._listeners[claim.listener]
            event = decode(listener.kind, await self._deliveries.payload(claim))
            await self._handle(listener, event, claim)
        except Unreadable as error:
            await self._give_up(claim, str(error))
        except Exception as error:
            await self._postpone(claim, error)
        except CancelledError as error:
            if not asked_to_stop():
                return await self._postpone(claim, error)
            await self._release(claim)
            raise

    async def _handle(self, listener: Listener[Event], event: Event, claim: Claim) -> None:
        if listener.transactional:
            async with self._db.transaction() as tx:
                await self._deliveries.finish(tx, claim)
                await listener.handle(event)
            return
        async with renewed(lambda: self._deliveries.renew(claim)):
            await listener.handle(event)
        async with self._db.transaction() as tx:
            await self._deliveries.finish(tx, claim)

    async def _postpone(self, claim: Claim, error: BaseException) -> None:
        if claim.attempts >= ATTEMPTS:
            return await self._give_up(claim, reason_of(error), error)
        log.warning("delivery_failed", **claim.log_fields, exc_info=error)
        again_at = self._clock() + backoff(claim.attempts)
        await self._deliveries.give_back(
            claim, Status.failed, again_at, reason_of(error), claim.attempts
        )

    async def _give_up(self, claim: Claim, reason: str, error: BaseException | None = None) -> None:
        log.error("delivery_given_up", **claim.log_fields, reason=reason, exc_info=error)
        await self._deliveries.give_back(claim, Status.dead, None, reason, claim.attempts)

    async def _release(self, claim: Claim) -> None:
        """Make the delivery due again without counting this attempt, because the process stops."""
        await self._deliveries.give_back(
            claim, Status.pending, self._clock(), None, claim.attempts - 1
        )

    @cached_property
    def _listeners(self) -> Mapping[str, Listener[Event]]:
        return {listener.name: listener for listener in self._contributions.of(Listener)}

    @cached_property
    def _deliveries(self) -> Deliveries:
        return Deliveries(self._db, self._clock, self._listeners.keys())


def backoff(attempts: int) -> timedelta:
    """Return 2^n seconds, at most an hour, less up to a quarter at random to spread the retries."""
    longest = min(2**attempts, MAX_WAIT_S)
    return timedelta(seconds=longest * (0.75 + randbelow(251) / 1000))


def reason_of(error: BaseException) -> str:
    """Return the reason for admins: a message may contain secrets, and is only in the log."""
    code: str | None = getattr(error, "code", None) if isinstance(error, ProblemError) else None
    return code or type(error).__name__


def asked_to_stop() -> bool:
    """Return whether this task was cancelled; a listener may also raise CancelledError itself."""
    task = current_task()
    return task is not None and task.cancelling() > 0
