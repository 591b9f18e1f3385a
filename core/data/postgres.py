"""PostgreSQL past SQLAlchemy: each statement prepared once per connection, and one round trip.

It loads the driver, so it is loaded itself only where there is a PostgreSQL.
"""

from asyncio import LifoQueue
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from asyncpg import (
    CannotConnectNowError,
    IntegrityConstraintViolationError,
    InterfaceError,
    InternalClientError,
    PostgresConnectionError,
)
from asyncpg.exceptions import AdminShutdownError, CrashShutdownError
from sqlalchemy import ARRAY, Executable, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Result
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from core.data.announcements import CHANNEL, COPIES, Announcement
from core.data.errors import DatabaseBusy
from core.data.generations import place_of
from core.data.plans import Plan
from core.data.reads import PlannedReads, Values
from core.data.sessions import (
    Rows,
    Sessions,
    connection_of,
    dbapi_connection,
    dbapi_connection_of,
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
    """SQLAlchemy lets the driver's own errors through where a new connection is cut at once."""
    try:
        yield
    except (InterfaceError, *LOST) as error:
        raise DatabaseBusy from error


class PostgresReads(PlannedReads):
    """Without a BEGIN."""

    def __init__(self, engine: AsyncEngine, totals: Totals, connections: int) -> None:
        super().__init__(engine, totals)
        self._idle: LifoQueue[Any] = LifoQueue()
        for _ in range(connections):
            self._idle.put_nowait(None)  # opened when first needed

    async def _fetch(self, sql: str, values: list[Any]) -> Any:
        lent: Any = await self._idle.get()
        try:
            lent = lent or await self._engine.raw_connection()  # so that types are set up alike
            return await lent.driver_connection.fetch(sql, *values)
        except Exception:  # not when cancelled: asyncpg cancels the query and goes on
            lent = lent and lent.invalidate()
            raise
        finally:
            self._idle.put_nowait(lent)

    async def _ask(self, statement: Executable, values: Values) -> Result[Any]:
        with setting_up():
            return await super()._ask(statement, values)

    async def close(self) -> None:
        for lent in [self._idle.get_nowait() for _ in range(self._idle.qsize())]:
            if lent:
                await lent.driver_connection.close()
                lent.invalidate()
            self._idle.put_nowait(None)


class PostgresSessions(Sessions):
    """A statement that fails ends the transaction, so its error is said at once."""

    async def connect(self) -> AsyncConnection:
        with setting_up():
            return await super().connect()

    async def perform(self, session: AsyncSession, plan: Plan, values: list[Any]) -> Rows:
        adapted = dbapi_connection(session)
        driver = adapted.driver_connection
        try:
            if not driver.is_in_transaction():
                await adapted._start_transaction()  # so that SQLAlchemy knows of it
            rows: Rows = await driver.fetch(plan.sql, *values)
        except IntegrityConstraintViolationError as error:
            raise IntegrityError(plan.sql, None, error) from error
        except Exception as error:
            lost = self.lost_by(error, connection_of(session))
            raise DBAPIError(plan.sql, None, error, connection_invalidated=lost) from error
        return rows

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
