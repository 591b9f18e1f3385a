"""SQLite: what took long runs beside what is quick, and gives way to it."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from threading import Thread, enumerate

import pytest

from core.data.engines import open_sqlite
from core.data.generations import Generations
from core.data.sqlite import readers
from core.data.sqlite.readers import SqliteReads
from core.kernel.threads import LOW_PRIORITY

LONG = "with recursive n(i) as (select 1 union all select i + 1 from n where i < ?) select count(*)"
COUNT = f"{LONG} from n"


@pytest.fixture
async def reads(tmp_path: Path, generations: Generations) -> AsyncIterator[SqliteReads]:
    db = open_sqlite(str(tmp_path / "some.db"), generations)
    assert isinstance(db._reads, SqliteReads)
    yield db._reads
    await db.close()


def scanning() -> list[Thread]:
    return [each for each in enumerate() if each.name == "sqlite-scan"]


async def test_a_statement_that_took_long_gives_way_until_it_is_quick_again(
    reads: SqliteReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(scanning())
    monkeypatch.setattr(readers, "LONG_S", 0.0)
    assert list(await reads._fetch(COUNT, [1000])) == [(1000,)]
    assert len(scanning()) == before, "the first time nobody can know"
    assert list(await reads._fetch(COUNT, [2000])) == [(2000,)]
    slow = scanning()[before:]
    assert slow
    if sys.platform == "linux":
        here = os.getpriority(os.PRIO_PROCESS, 0)
        for thread in slow:
            assert thread.native_id
            theirs = os.getpriority(os.PRIO_PROCESS, thread.native_id)
            assert theirs >= max(here, LOW_PRIORITY)
    monkeypatch.setattr(readers, "LONG_S", 1e9)
    await reads._fetch(COUNT, [10])
    assert reads._took_long.get(COUNT) is False
