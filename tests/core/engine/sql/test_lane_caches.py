import sqlite3
from pathlib import Path

from core.engine.sql import reads
from core.engine.sql.lanes import KnownStatement, Lane
from core.engine.sql.sqlite import readers
from core.engine.sql.sqlite.readers import LaneThreads
from tests.core.data.tables import Tables
from tests.core.shared_tables import make_tables

CONNECTIONS = {
    Lane.reserved: 1,
    Lane.quick: readers.QUICK,
    Lane.trial: readers.TRIAL,
    Lane.slow: reads.SLOW,
    Lane.unlimited: reads.UNLIMITED,
}


def cache_size_of(connection: sqlite3.Connection) -> list[tuple[int]]:
    return connection.execute("PRAGMA cache_size").fetchall()


async def test_all_reading_connections_together_cache_less_than_a_process_needs(
    tmp_path: Path,
) -> None:
    """Scans of a large table make the process at most half as large again."""
    make_tables(f"sqlite:///{tmp_path}/test.db", Tables.metadata, [])
    lanes = LaneThreads(f"{tmp_path}/test.db", 5.0)
    cached = 0
    for lane, connections in CONNECTIONS.items():
        [(pages,)] = await lanes.run(lane, KnownStatement(), cache_size_of)
        cached += connections * -pages
    lanes.close()
    assert 0 < cached <= 53_000, "KiB"
