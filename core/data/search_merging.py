"""The search indexes of SQLite are merged now and then, because a search reads each segment.

FTS5 writes each change to a new segment of the index. What is deleted leaves the index when its
segments are merged.
"""

# ruff: noqa: S608 (all names are those of indexes in the database)

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.data.database import Database
from core.data.search_tables import SEGMENTS

INDEXES = text(
    "SELECT name FROM sqlite_master"
    " WHERE sql LIKE 'CREATE VIRTUAL TABLE %/_search USING fts5(%' ESCAPE '/'"
)

PAGES = 64
"""The number of pages of an index that one transaction writes, which takes about 40 ms."""


async def merge_search_indexes(db: Database) -> None:
    """Merge each search index of more than eight segments into one, in short transactions."""
    if db.engine.dialect.name != "sqlite":
        return
    async with db.read() as reads:
        indexes = (await reads.scalars(INDEXES)).all()
    for index in indexes:
        await merge(db, index)


async def merge(db: Database, index: str) -> None:
    async with db.read() as reads:
        segments = await reads.scalar(text(f"SELECT count(DISTINCT segid) FROM {index}_idx"))
    if segments <= SEGMENTS:
        return
    pages = -PAGES  # a negative number begins to merge all segments, and the next ones continue
    while await merged_some(db, index, pages):
        pages = PAGES


async def merged_some(db: Database, index: str, pages: int) -> bool:
    """Write some pages of the merged index, and return whether there may be more to write."""
    step = f"INSERT INTO {index} ({index}, rank) VALUES ('merge', {pages})"
    async with db.transaction() as tx:
        connection = await tx.session.connection()
        before = await total_changes(connection)
        await connection.exec_driver_sql(step)  # it changes no row of a model: no cache is outdated
        return await total_changes(connection) - before > 1  # FTS5 itself changes one row each time


async def total_changes(connection: AsyncConnection) -> int:
    changes: int = (await connection.exec_driver_sql("SELECT total_changes()")).scalar_one()
    return changes
