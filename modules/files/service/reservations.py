"""The reservations of quota for uploads in progress, for all processes together.

Each process counts a small share of the free quota in memory. An upload that needs more has a row,
which all processes see. Its request renews the row, and the transaction that stores the files
removes it.

An upload whose length was not declared reserves its quota step by step. If several of them hold the
quota that each one lacks, the youngest gives up first and the older ones wait for it. Otherwise all
might be refused although one fits.
"""

from asyncio import sleep
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy import bindparam, case, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from config.settings import Settings
from core.kit import Clock, Database, Transaction, Unavailable, uuid7
from core.kit.platform import (
    LEASE,
    NotSignedIn,
    delete_all,
    insert_for,
    inside_transaction,
    renewed,
)
from modules.files.errors import quota_exceeded
from modules.files.models import FileReservation
from modules.files.service.usage import UsageService

SHARE = 16
"""All processes of a machine together count 1/SHARE of the free quota in memory."""

LOOK_EVERY_S = 0.1
"""The interval at which an upload that lacks quota tries again."""
YIELD_S = 0.5
"""The youngest upload gives up if nothing was released for this long."""
WAIT_TIMEOUT_S = 10.0
"""An older upload gives up if nothing was released for this long."""
MAX_WAIT_S = 60.0

_own = FileReservation.id == bindparam("own")
_bytes_of_younger = case((FileReservation.id > bindparam("own"), FileReservation.bytes), else_=0)
HELD_BY_OTHERS = select(
    func.coalesce(func.sum(FileReservation.bytes), 0),
    func.coalesce(func.sum(_bytes_of_younger), 0),
).where(
    FileReservation.owner_id == bindparam("owner"),
    FileReservation.id != bindparam("own"),
    FileReservation.renewed_at > bindparam("alive_since"),
)
_renew = update(FileReservation).where(_own).values(renewed_at=bindparam("now"))
RENEW = _renew.returning(FileReservation.id)
GROW = _renew.values(bytes=bindparam("size"))
RELEASE = delete(FileReservation).where(_own)

log = structlog.get_logger(__name__)


class HeldByOthers(Exception):
    """Other uploads hold the quota that this one lacks. A greater id means a later start."""

    def __init__(self, left: int, is_youngest: bool) -> None:
        self.left, self.is_youngest = left, is_youngest


class Reservations:
    def __init__(self, db: Database, clock: Clock, usage: UsageService, settings: Settings) -> None:
        self._db, self._clock, self._usage = db, clock, usage
        self._share = SHARE * settings.workers
        self._in_memory: Counter[UUID] = Counter()
        insert = insert_for(db.engine.dialect)(FileReservation)
        self._begin = insert.on_conflict_do_nothing()

    @asynccontextmanager
    async def hold(self, owner_id: UUID, left: int) -> AsyncIterator["Hold"]:
        """Count an upload against the quota for as long as the block runs."""
        async with AsyncExitStack() as stack:
            hold = Hold(self, owner_id, left, stack)
            stack.push_async_callback(hold.release)
            yield hold

    async def forget_dead(self) -> None:
        """Remove the rows of processes that died."""
        dead = FileReservation.renewed_at < self._clock() - LEASE
        await delete_all(self._db, FileReservation, dead)

    def count_in_memory(self, owner_id: UUID, size: int, left: int) -> bool:
        """Count `size` more in this process alone; return False if that exceeds its share."""
        counted = self._in_memory[owner_id] + size
        if fits := counted <= left // self._share:
            self._in_memory[owner_id] = counted
        return fits

    def forget_in_memory(self, owner_id: UUID, size: int) -> None:
        self._in_memory[owner_id] -= size
        if not self._in_memory[owner_id]:
            del self._in_memory[owner_id]

    async def reserve(
        self, own: UUID, owner_id: UUID, least: int, ahead: int, *, patiently: bool
    ) -> int:
        """Reserve `least` bytes, and up to `ahead` more; return how many bytes are reserved.

        Raises QuotaExceeded and NotSignedIn. With `patiently`, wait while other uploads may end.
        """
        wait = Wait()
        while True:
            try:
                return await self._reserve(own, owner_id, least, ahead)
            except HeldByOthers as error:
                if not patiently or wait.is_over(error):
                    raise quota_exceeded(error.left) from None
            await sleep(LOOK_EVERY_S)

    async def _reserve(self, own: UUID, owner_id: UUID, least: int, ahead: int) -> int:
        """Reserve once. Raises QuotaExceeded, HeldByOthers and NotSignedIn.

        The locks are taken in the order of an erasure: the owner by the foreign key of a new row,
        then the usage, then the row.
        """
        row = {"id": own, "owner_id": owner_id, "bytes": 0, "renewed_at": self._clock()}
        async with self._db.separate() as tx:
            with owner_must_exist():
                await tx.execute(self._begin, row)
                left = await self._left(tx, own, owner_id, least)
            size = least + min(ahead, (left - least) // 4)
            values = {"own": own, "size": size, "now": self._clock()}
            await tx.execute(GROW, values)
        return size

    async def renew(self, own: UUID) -> bool:
        async with self._db.separate() as tx:
            values = {"own": own, "now": self._clock()}
            return (await tx.execute(RENEW, values)).first() is not None

    async def release(self, own: UUID) -> None:
        """Remove the row. If the database does not respond, the row ends with its lease."""
        try:
            async with self._db.separate() as tx:
                await tx.execute(RELEASE, {"own": own})
        except Unavailable as error:
            log.warning("reservation_not_released", reason=type(error).__name__)

    async def _left(self, tx: Transaction, own: UUID, owner_id: UUID, least: int) -> int:
        """Return the bytes that are neither used nor reserved; they stay so until the commit.

        Raises QuotaExceeded or HeldByOthers if they are fewer than `least`.
        """
        free = await self._usage.locked_left(tx, owner_id)
        values = {"owner": owner_id, "own": own, "alive_since": self._clock() - LEASE}
        held = await tx.execute(HELD_BY_OTHERS, values)
        by_others, by_younger = map(int, held.one())
        left = free - by_others - self._in_memory[owner_id]
        if least > free:
            raise quota_exceeded(left)
        if least > left:
            raise HeldByOthers(left, is_youngest=not by_younger)
        return left


class Wait:
    """The time for which an upload waits for others; each release starts the time again."""

    def __init__(self) -> None:
        self._begun = self._changed = monotonic()
        self._left: int | None = None

    def is_over(self, shortage: HeldByOthers) -> bool:
        now = monotonic()
        if shortage.left != self._left:
            self._left, self._changed = shortage.left, now
        timeout_s = YIELD_S if shortage.is_youngest else WAIT_TIMEOUT_S
        return now - self._changed > timeout_s or now - self._begun > MAX_WAIT_S


@contextmanager
def owner_must_exist() -> Iterator[None]:
    """Raise NotSignedIn if a foreign key fails, because the account was erased meanwhile."""
    try:
        yield
    except IntegrityError:
        raise NotSignedIn from None


class Hold:
    """The part of the quota that one upload has while its request runs."""

    def __init__(
        self, reservations: Reservations, owner_id: UUID, left: int, stack: AsyncExitStack
    ) -> None:
        self._reservations, self._owner_id, self._left = reservations, owner_id, left
        self._stack = stack
        self._row: UUID | None = None
        self._size = 0
        """The bytes of the row, or without a row those that are counted in memory."""

    async def cover(self, size: int, ahead: int = 0) -> None:
        """Hold `size` bytes, and up to `ahead` more if they are free. Raises QuotaExceeded.

        An upload that already has a row waits for others, because an error discards its bytes.
        """
        if size <= self._size:
            return
        if self._row:
            self._size = await self._reservations.reserve(
                self._row, self._owner_id, size, ahead, patiently=True
            )
        elif self._reservations.count_in_memory(self._owner_id, size - self._size, self._left):
            self._size = size
        else:
            await self._begin_row(size, ahead)

    async def settle(self, tx: Transaction) -> None:
        """Release the row in the transaction that counts the files as used."""
        if self._row:
            await tx.execute(RELEASE, {"own": self._row})
            tx.on_commit(self._forget_row)

    async def release(self) -> None:
        """Release what is left. A transaction that is still open removes the row as it commits."""
        if not self._row:
            self._reservations.forget_in_memory(self._owner_id, self._size)
        elif not inside_transaction():
            await self._reservations.release(self._row)

    async def _begin_row(self, size: int, ahead: int) -> None:
        """Reserve in the database instead, and renew the row until the hold ends."""
        reservations, row = self._reservations, uuid7()
        reservations.forget_in_memory(self._owner_id, self._size)
        self._row, self._size = row, 0
        self._size = await reservations.reserve(row, self._owner_id, size, ahead, patiently=False)
        await self._stack.enter_async_context(renewed(partial(reservations.renew, row)))

    def _forget_row(self) -> None:
        self._row, self._size = None, 0
