"""Reading PostgreSQL past SQLAlchemy: prepared once per connection, one round trip, no BEGIN."""

from asyncio import LifoQueue
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from core.data.reads import PlannedReads
from core.data.totals import Totals


class PostgresReads(PlannedReads):
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

    async def close(self) -> None:
        for lent in [self._idle.get_nowait() for _ in range(self._idle.qsize())]:
            if lent:
                await lent.driver_connection.close()
                lent.invalidate()
            self._idle.put_nowait(None)
