"""Several processes on one database: concurrent writes, and a process that is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.data.database import Database
from core.engine.sql.cache_versions import CacheVersions
from tests.core.data.named_things import COUNT, add
from tests.core.data.tables import Thing

pytestmark = pytest.mark.process

BEGIN = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import select
from core.data.engines import open_database
from core.engine.sql.cache_versions import CacheVersions
from tests.core.data.tables import Thing

db = open_database(sys.argv[1], CacheVersions(Path(sys.argv[2]) / "generations"))
"""
COUNTER = """
async def increment():
    async with db.transaction() as tx:
        thing = (await tx.session.scalars(select(Thing).with_for_update())).one()
        thing.count += 1

async def main():
    await asyncio.gather(*(increment() for _ in range(100)))
    await db.close()

asyncio.run(main())
"""
INSERTER = """
async def insert(lane):
    for number in range(10**6):
        async with db.transaction() as tx:
            tx.session.add(Thing(name=f"{lane}-{number}"))
        print(f"{lane}-{number}", flush=True)

async def main():
    await asyncio.gather(*(insert(lane) for lane in range(20)))

asyncio.run(main())
"""
TOUCHER = """
async def main():
    async with db.transaction() as tx:
        tx.session.add(Thing(name="theirs"))
        tx.invalidate("people")
    await db.close()

asyncio.run(main())
"""
OPENER = """
async def main():
    async with db.transaction() as tx:
        await tx.session.execute(select(1))
    await db.close()

asyncio.run(main())
"""


def start(program: str, url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", BEGIN + program, url, str(folder)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE)


def finished(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=60)
    return process.returncode


async def test_two_processes_writing_add_up(db: Database, url: str, tmp_path: Path) -> None:
    await add(db, "counter")
    processes = [start(COUNTER, url, tmp_path) for _ in range(2)]
    assert [finished(each) for each in processes] == [0, 0]
    async with db.read() as reads:
        assert await reads.scalar(COUNT, {"wanted": "counter"}) == 200


async def test_what_was_acknowledged_survives_kill_9(
    db: Database, url: str, tmp_path: Path
) -> None:
    process = start(INSERTER, url, tmp_path)
    assert process.stdout
    acknowledged = {process.stdout.readline().strip() for _ in range(200)}
    process.send_signal(signal.SIGKILL)
    rest = process.communicate(timeout=60)[0].split("\n")
    acknowledged |= {line for line in rest[:-1] if line}
    async with db.read() as reads:
        kept = set(await reads.scalars(select(Thing.name)))
    assert len(acknowledged) >= 200 and acknowledged <= kept
    await add(db, "the database is open for business")
    async with db.read() as reads:
        assert await reads.scalar(select(func.count()).select_from(Thing)) == len(kept) + 1


async def test_a_commit_elsewhere_advances_the_generations_here(
    db: Database, url: str, tmp_path: Path, cache_versions: CacheVersions
) -> None:
    before = [cache_versions.here([name]) for name in ("things", "people", "parts")]
    assert finished(start(TOUCHER, url, tmp_path)) == 0
    after = [cache_versions.here([name]) for name in ("things", "people", "parts")]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]


def test_processes_that_make_the_file_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    processes = [start(OPENER, url, tmp_path) for _ in range(4)]
    assert [finished(each) for each in processes] == [0] * 4
