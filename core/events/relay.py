"""The relay: brings recorded events to their listeners, at least once, in every process at a time.

A delivery is taken by a lease and the taking is committed, so a listener runs without any lock. It
is ticked off afterwards, or, when the listener is transactional, in the listener's own transaction:
then all of it has happened, or nothing. A process that dies leaves its lease, which runs out; one
that comes back too late finds that its lease is not the row's, and changes nothing.
"""

from asyncio import CancelledError, Lock, current_task
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cached_property
from secrets import randbelow
from typing import Any

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
"""So many deliveries of one listener, so that none waits behind another's slow ones."""
ATTEMPTS = 12
LONGEST_WAIT_S = 3600

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
        """Deliver while the block runs; in the end, finish what was begun or give it back."""
        try:
            await self._outbox.tidy()
        except Exception:
            count_fallback("outbox_tidy")
            log.exception("outbox_not_tidied")
        async with self._background.running():
            yield

    async def deliver_all(self) -> None:
        """Deliver whatever is due, and what that leads to, and wait for it."""
        while await self._start_due() or await self._background.finish():
            pass

    async def _start_due(self) -> bool:
        """Begin as much as there is room for; False when there was nothing to begin.

        One look at a time: what another one has claimed has then been started, too.
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
            return await self._bury(claim, "It has never come to an end.")
        try:
            listener = self._listeners[claim.listener]
            event = decode(listener.kind, await self._deliveries.payload(claim))
            await self._handle(listener, event, claim)
        except Unreadable as error:
            await self._bury(claim, str(error))
        except Exception as error:
            await self._postpone(claim, error)
        except CancelledError as error:
            if not asked_to_stop():
                return await self._postpone(claim, error)
            await self._release(claim)
            raise

    async def _handle(self, listener: Listener[Any], event: Event, claim: Claim) -> None:
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
            return await self._bury(claim, reason_of(error), error)
        log.warning("delivery_failed", **claim.told, exc_info=error)
        again_at = self._clock() + backoff(claim.attempts)
        await self._deliveries.give_back(
            claim, Status.failed, again_at, reason_of(error), claim.attempts
        )

    async def _bury(self, claim: Claim, reason: str, error: BaseException | None = None) -> None:
        log.error("delivery_given_up", **claim.told, reason=reason, exc_info=error)
        await self._deliveries.give_back(claim, Status.dead, None, reason, claim.attempts)

    async def _release(self, claim: Claim) -> None:
        """It was not its fault: as if it had not been tried."""
        await self._deliveries.give_back(
            claim, Status.pending, self._clock(), None, claim.attempts - 1
        )

    @cached_property
    def _listeners(self) -> Mapping[str, Listener[Any]]:
        return {each.name: each for each in self._contributions.of(Listener)}

    @cached_property
    def _deliveries(self) -> Deliveries:
        return Deliveries(self._db, self._clock, self._listeners.keys())


def backoff(attempts: int) -> timedelta:
    """2^n seconds up to an hour, a quarter of it by chance, lest all come back at once."""
    longest = min(2**attempts, LONGEST_WAIT_S)
    return timedelta(seconds=longest * (0.75 + randbelow(251) / 1000))


def reason_of(error: BaseException) -> str:
    """What an admin may see: messages may carry secrets, and stay in the log."""
    return error.code if isinstance(error, ProblemError) else type(error).__name__


def asked_to_stop() -> bool:
    """Or did a listener let a cancellation of its own out?"""
    task = current_task()
    return task is not None and task.cancelling() > 0
