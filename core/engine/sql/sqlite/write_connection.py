"""The DBAPI connection of a transaction: its statements go to the one connection that writes."""

from asyncio import create_task
from collections.abc import Sequence
from time import monotonic
from typing import Any

from sqlalchemy.util import await_

from core.engine.sql.errors import TooSlow
from core.engine.sql.lanes import Overran
from core.engine.sql.sqlite.driver import SAVEPOINT, Cursor, SqlWrite, write_all
from core.engine.sql.sqlite.writer import GroupCommit


class WriteConnection:
    """A DBAPI connection, which has its turn from its first statement to commit or rollback."""

    def __init__(self, group: GroupCommit) -> None:
        self._group = group
        self.in_transaction = False
        self._left: list[SqlWrite] = []

    async def perform(self, sql: str, values: Any, many: bool) -> Any:
        group, begins = self._group, None
        before, self._left = self._left, []
        if not self.in_transaction:
            since = monotonic()
            await group.take_turn()
            self.in_transaction = True
            if group.ready:
                before = [SAVEPOINT, *before]
            else:
                begins = since
        try:
            return await group.run(begins, before, sql, values, many)
        except Overran:  # SQLite has rolled back the transaction, and the group with it
            raise TooSlow from None

    def perform_later(self, sql: str, values: Sequence[Any]) -> None:
        """Leave a write without rows for the next statement or the commit."""
        self._left.append((sql, values))

    def cursor(self) -> Cursor:
        return Cursor(self)

    async def commit_all(self) -> None:
        """Commit; a transaction that consists of left writes begins and commits in one hop."""
        left, self._left = self._left, []
        if self.in_transaction:
            self.in_transaction = False
            await self._group.commit(left)
        elif left:
            await self._group.perform_whole(write_all, [SAVEPOINT, *left])

    def commit(self) -> None:
        await_(self.commit_all())

    def rollback(self) -> None:
        self._left = []
        if self.in_transaction:
            self.in_transaction = False
            await_(self._group.rollback())

    def close(self) -> None:
        """Roll back; SQLAlchemy also calls this when the writing task is cancelled."""
        self._left = []
        if self.in_transaction:
            self.in_transaction = False
            self._rolling_back = create_task(self._group.rollback())
