"""PostgreSQL past SQLAlchemy: each statement prepared once per connection, and one round trip.

It loads the driver, so it is loaded itself only where there is a PostgreSQL.
"""

from asyncio import LifoQueue, gather
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, NamedTuple

from asyncpg import (
    CannotConnectNowError,
    IntegrityConstraintViolationError,
    InterfaceError,
    InternalClientError,
    OutdatedSchemaCacheError,
    PostgresConnectionError,
    QueryCanceledError,
)
from asyncpg.exceptions import AdminShutdownError, CrashShutdownError
from sqlalchemy import ARRAY, Executable, Integer, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Result
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util import greenlet_spawn

from core.data.announcements import CHANNEL, COPIES, Announcement
from core.data.connecting import WITHOUT_WORKERS, set_all
from core.data.errors import DatabaseBusy, has_outdated_plan, is_repeatable, is_too_slow
from core.data.generations import place_of
from core.data.lanes import BRIEF_S, KnownStatement, Lane, Overran
from core.data.plans import Plan
from core.data.reads import SLOW, UNLIMITED, PlannedReads, T, Values
from core.data.sessions import (
    Rows,
    Sessions,
    connection_of,
    dbapi_connection,
    dbapi_connection_of,
    discard,
    taken_out,
)
from core.data.totals import Totals
from core.data.writes import write

LOST = (
    AdminShutdownError,
    CannotConnectNowError,
    CrashShutdownError,
    InternalClientError,
    OSError,
    PostgresConnectionError,
)
CONNECTIONS = {
    Lane.reserved: 2,
    Lane.quick: 8,
    Lane.trial: 2,
    Lane.slow: SLOW,
    Lane.unlimited: UNLIMITED,
}
_touched = func.unnest(bindparam("places", type_=ARRAY(Integer))).column_valued()
_new = insert(Announcement).from_select(
    ["place", "copy", "number", "at"],
    select(_touched, func.mod(func.pg_backend_pid(), COPIES), 1, func.clock_timestamp()),
)
ANNOUNCE = _new.on_conflict_do_update(
    index_elements=[Announcement.place, Announcement.copy],
    set_={"number": Announcement.number + 1, "at": _new.excluded.at},
).returning(func.pg_notify(CHANNEL, ""))


@contextmanager
def setting_up() -> Iterator[None]:
    """Raise DatabaseBusy where a new connection is cut at once.

    SQLAlchemy lets the driver's own errors through, or says that its first rollback failed.
    """
    try:
        yield
    except (InterfaceError, *LOST) as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        if error.orig is None or not isinstance(error.orig.__cause__, LOST):
            raise
        raise DatabaseBusy from error


class LentConnection(NamedTuple):
    connection: AsyncConnection
    driver: Any
    epoch: int

    def discard(self) -> None:
        discard(self.connection)


class PostgresReads(PlannedReads):
    """Without a BEGIN. The server ends what takes longer than its lane allows."""

    passing = (*LOST, OutdatedSchemaCacheError)

    def __init__(self, engine: AsyncEngine, totals: Totals, statement_timeout_s: float) -> None:
        super().__init__(engine, totals, statement_timeout_s)
        brief_s = min(BRIEF_S, statement_timeout_s)
        self._limits_s = {
            Lane.reserved: statement_timeout_s,
            Lane.quick: brief_s,
            Lane.trial: brief_s,
            Lane.slow: statement_timeout_s,
            Lane.unlimited: 0.0,
        }
        self._idle: dict[Lane, LifoQueue[LentConnection | None]] = {
            lane: LifoQueue() for lane in Lane
        }
        for lane, size in CONNECTIONS.items():
            for _ in range(size):
                self._idle[lane].put_nowait(None)  # opened when first needed
        self._epoch = 0
        """Rises when a connection is lost: the others may be lost too."""

    async def _fetch(
        self, lane: Lane, known: KnownStatement, sql: str, values: list[Any]
    ) -> Sequence[Any]:
        async def fetch(lent: LentConnection) -> Sequence[Any]:
            return await self._fetch_over(lent, lane, sql, values)

        return await self._lend(lane, known, fetch)

    async def _fetch_over(
        self, lent: LentConnection, _: Lane, sql: str, values: list[Any]
    ) -> Sequence[Any]:
        rows: Sequence[Any] = await lent.driver.fetch(sql, *values)
        return rows

    async def _ask(
        self, lane: Lane, known: KnownStatement, statement: Executable, values: Values
    ) -> Result[Any]:
        async def ask(lent: LentConnection) -> Result[Any]:
            return await self._ask_over(lent, lane, statement, values)

        return await self._lend(lane, known, ask)

    async def _ask_over(
        self, lent: LentConnection, _: Lane, statement: Executable, values: Values
    ) -> Result[Any]:
        result = (await lent.connection.execute(statement, values)).freeze()()
        await lent.connection.rollback()  # only SQLAlchemy has begun something
        return result

    async def _lend(
        self, lane: Lane, known: KnownStatement, work: Callable[[LentConnection], Awaitable[T]]
    ) -> T:
        idle = self._idle[lane]
        lent, begun = await idle.get(), monotonic()
        try:
            lent = self._usable(lent) or await self._open(lane)
            done = await work(lent)
        except QueryCanceledError:
            raise Overran from None
        except Exception as error:  # not when cancelled: asyncpg cancels the query and goes on
            if lent and is_ended_query(error):
                await lent.connection.rollback()
                raise Overran from None
            if is_lost(error):
                self._epoch += 1
            if lent:
                lent.discard()
                lent = None
            raise
        finally:
            idle.put_nowait(lent)
        # Whether it was brief has been decided by the server, whose time the event loop's is not.
        known.took(monotonic() - begun - BRIEF_S / 2 if lane >= Lane.slow else 0.0)
        return done

    async def _open(self, lane: Lane) -> LentConnection:
        with setting_up():
            connection = await self._engine.connect()
            driver = dbapi_connection_of(connection).driver_connection
            try:
                await self._limit_session(driver, lane)
            except BaseException:
                discard(connection)
                raise
        return LentConnection(connection, driver, self._epoch)

    async def _limit_session(self, driver: Any, lane: Lane) -> None:
        await driver.execute(set_all(self._settings_of(lane)))

    def _settings_of(self, lane: Lane) -> dict[str, str]:
        timeout = timeout_of(self._limits_s[lane])
        return timeout if lane >= Lane.slow else timeout | WITHOUT_WORKERS

    def _usable(self, lent: LentConnection | None) -> LentConnection | None:
        if lent is None:
            return None
        invalid = lent.connection.invalidated or lent.driver.is_closed()
        if lent.epoch == self._epoch and not invalid:
            return lent
        lent.discard()
        return None

    async def close(self) -> None:
        kept = [lent for idle in self._idle.values() for lent in taken_out(idle) if lent]
        await close_all([each.connection for each in kept])
        await self._engine.dispose()


def timeout_of(seconds: float) -> dict[str, str]:
    return {"statement_timeout": str(round(seconds * 1000))}


async def close_all(connections: Iterable[AsyncConnection]) -> None:
    """Close them at once, so that servers that say nothing are waited for once."""
    kept = list(connections)
    whole = [dbapi_connection_of(each) for each in kept if not each.invalidated]
    await gather(*(each.driver_connection.close() for each in whole), return_exceptions=True)
    for each in kept:
        await each.close()


def is_ended_query(error: Exception) -> bool:
    """Return whether the server ended a statement of SQLAlchemy's."""
    return isinstance(error, DBAPIError) and is_too_slow(error)


def is_lost(error: Exception) -> bool:
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or isinstance(error, LOST)


DISCARD_PLANS = "DISCARD PLANS"


class PostgresSessions(Sessions):
    """A statement that fails ends the transaction, so its error is said at once."""

    async def connect(self) -> AsyncConnection:
        with setting_up():
            return await super().connect()

    exemption = text("SET LOCAL statement_timeout = 0")

    async def perform(self, session: AsyncSession, plan: Plan, values: list[Any]) -> Rows:
        return await self._fetch(session, plan.sql, values)

    async def exempt(self, session: AsyncSession) -> None:
        await self._fetch(session, self.exemption.text, [])

    async def _fetch(self, session: AsyncSession, sql: str, values: list[Any]) -> Rows:
        """Repeat what fails for no reason of its own before anything else was done."""
        is_first = not dbapi_connection(session).driver_connection.is_in_transaction()
        try:
            return await self._fetch_once(session, sql, values)
        except DBAPIError as error:
            if error.connection_invalidated or not (is_first and is_repeatable(error)):
                raise
            is_outdated = has_outdated_plan(error)
        await greenlet_spawn(dbapi_connection(session).rollback)
        if is_outdated:  # those of triggers, which the driver does not know, are so as well
            await self._fetch_once(session, DISCARD_PLANS, [])
        return await self._fetch_once(session, sql, values)

    async def _fetch_once(self, session: AsyncSession, sql: str, values: list[Any]) -> Rows:
        adapted = dbapi_connection(session)
        driver = adapted.driver_connection
        try:
            if not driver.is_in_transaction():
                await self._start(adapted)
            rows: Rows = await driver.fetch(sql, *values)
        except IntegrityConstraintViolationError as error:
            raise IntegrityError(sql, None, error) from error
        except Exception as error:
            lost = self.lost_by(error, connection_of(session))
            raise DBAPIError(sql, None, error, connection_invalidated=lost) from error
        return rows

    async def _close_all(self, connections: Sequence[AsyncConnection]) -> None:
        await close_all(connections)

    async def _start(self, adapted: Any) -> None:
        await adapted._start_transaction()  # so that SQLAlchemy knows of it

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        """The driver may not know yet that nothing more will come."""
        driver = dbapi_connection_of(connection).driver_connection
        if isinstance(error, LOST) or isinstance(error.__cause__, LOST):
            driver.terminate()
            return True
        return bool(driver.is_closed())

    def is_lost(self, connection: AsyncConnection) -> bool:
        return bool(dbapi_connection_of(connection).driver_connection.is_closed())

    def in_transaction(self, connection: AsyncConnection) -> bool:
        return bool(dbapi_connection_of(connection).driver_connection.is_in_transaction())


async def announce(session: AsyncSession, names: Iterable[str]) -> None:
    """The last statement of the transaction, in one order for all, so that nobody waits long."""
    await write(session, ANNOUNCE, {"places": sorted({place_of(name) for name in names})})
