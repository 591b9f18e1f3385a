"""Reads that record the statements of a list."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Select
from sqlalchemy.engine import Result

from core.engine.sql import NOTHING, Count, ReadConnection, Values


class RecordedReads(ReadConnection):
    """Reads that forward and record each statement, and that may return another sample."""

    def __init__(self, reads: ReadConnection, sample: Sequence[str] | None = None) -> None:
        self._reads, self._sample = reads, sample
        self.selected: list[Executable] = []
        self.counted: list[Select[Any]] = []

    async def execute(self, statement: Executable, values: Values = NOTHING) -> Result[Any]:
        self.selected.append(statement)
        return await self._reads.execute(statement, values)

    async def total(self, count: Count, values: Values = NOTHING) -> int:
        self.counted.append(count.statement)
        return await self._reads.total(count, values)

    async def sample(self, statement: Select[Any]) -> Sequence[Any]:
        return await self._reads.sample(statement) if self._sample is None else self._sample
