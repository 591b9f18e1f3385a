"""The database of a URL: one writer and many readers on SQLite, pools for both on PostgreSQL."""

from functools import partial
from json import dumps
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.data.database import Database
from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.cached_counts import CachedCounts
from core.engine.sql.connecting import READ_ONLY, SESSION, connecting
from core.engine.sql.sqlite.connection_pool import SqlitePool
from core.engine.sql.sqlite.readers import LaneConnection, LaneThreads, SqliteReads
from core.engine.sql.sqlite.snapshots import SnapshotConnection
from core.engine.sql.sqlite.write_connection import WriteConnection
from core.engine.sql.sqlite.writer import GroupCommit
from core.engine.sql.statement_timeout import STATEMENT_TIMEOUT_S

registry.register("sqlite.threaded", "core.engine.sql.sqlite.driver", "Dialect")

WRITE_CONNECTIONS = 10  # on PostgreSQL; one more connection listens
READERS = 4  # connections for snapshots
PLAIN_READS = 100  # reads by SQLAlchemy; each waits for a thread of its lane
WRITERS = 100  # transactions in the queue for the writing thread
POOL_TIMEOUT_S = 15  # the longest wait for a connection; then DatabaseBusy is raised


def open_database(
    url: str,
    cache_versions: CacheVersions,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    transaction_pooler: bool = False,
) -> Database:
    """Return the database of a URL; a connection is opened when it is first needed.

    The URL is `sqlite:///path` or `postgresql://user:password@host/name`. With
    `transaction_pooler` it is the URL of a pooler in transaction mode.
    """
    if path := sqlite_path(url):
        return open_sqlite(path, cache_versions, statement_timeout_s)
    if transaction_pooler:
        return open_pooled_postgres(postgres_url(url), cache_versions, statement_timeout_s)
    return open_postgres(postgres_url(url), cache_versions, statement_timeout_s)


def open_sqlite(path: str, cache_versions: CacheVersions, statement_timeout_s: float) -> Database:
    group = GroupCommit(path, statement_timeout_s)
    engine = pooled("sqlite+threaded://", WRITERS, creator=lambda: WriteConnection(group))
    event.listen(engine.sync_engine, "engine_disposed", lambda _: group.close())
    snapshot_connection = partial(SnapshotConnection, path, statement_timeout_s)
    snapshots = pooled("sqlite+threaded://", READERS, creator=snapshot_connection)
    lanes = LaneThreads(path, statement_timeout_s)
    reading = pooled("sqlite+threaded://", PLAIN_READS, creator=lambda: LaneConnection(lanes))
    reads = SqliteReads(reading, CachedCounts(cache_versions), lanes, statement_timeout_s)
    return Database(SqlitePool(engine, WRITERS), snapshots, reads, cache_versions)


def open_postgres(url: str, cache_versions: CacheVersions, statement_timeout_s: float) -> Database:
    from core.data.announcements import announce
    from core.engine.sql.postgres.pool import PostgresPool
    from core.engine.sql.postgres.reads import CONNECTIONS, PostgresReads  # loads the driver

    cache_versions.must_hear = True
    limit = {"statement_timeout": f"{round(statement_timeout_s * 1000)}"}
    engine = pooled(url, WRITE_CONNECTIONS + 1, connect_args=connecting(SESSION | limit))
    reading = reader(url, sum(CONNECTIONS.values()), "AUTOCOMMIT", READ_ONLY)
    snapshots = reader(url, READERS, "REPEATABLE READ", READ_ONLY | limit)
    reads = PostgresReads(reading, CachedCounts(cache_versions), statement_timeout_s)
    pool = PostgresPool(engine, WRITE_CONNECTIONS)
    return Database(pool, snapshots, reads, cache_versions, announce)


def open_pooled_postgres(
    url: str, cache_versions: CacheVersions, statement_timeout_s: float
) -> Database:
    from core.data.announcements import announce
    from core.engine.sql.postgres.pooler import PooledReads, PoolerPool, limit_transactions
    from core.engine.sql.postgres.reads import CONNECTIONS

    cache_versions.must_hear = True
    shared = connecting({}, transaction_pooler=True)
    engine = pooled(url, WRITE_CONNECTIONS, connect_args=shared)
    plain = pooled(url, sum(CONNECTIONS.values()), connect_args=shared)
    reading = plain.execution_options(postgresql_readonly=True)
    repeatable = pooled(url, READERS, isolation_level="REPEATABLE READ", connect_args=shared)
    limit_transactions(repeatable, statement_timeout_s)
    snapshots = repeatable.execution_options(postgresql_readonly=True)
    reads = PooledReads(reading, CachedCounts(cache_versions), statement_timeout_s)
    pool = PoolerPool(engine, WRITE_CONNECTIONS, statement_timeout_s)
    return Database(pool, snapshots, reads, cache_versions, announce)


def sqlite_path(url: str) -> str | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("SQLite needs a file here: several connections share it.")
    return parsed.database


def postgres_url(url: str) -> str:
    """Return the URL with the driver asyncpg, in place of any other that the operator named."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError("DATABASE_URL begins with sqlite:/// or postgresql://.")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def pooled(url: str, size: int, **more: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        json_serializer=partial(dumps, default=str, ensure_ascii=False),
        **more,
    )


def reader(
    url: str, size: int, isolation_level: str, server_settings: dict[str, str]
) -> AsyncEngine:
    connect_args = connecting(server_settings)
    return pooled(url, size, isolation_level=isolation_level, connect_args=connect_args)
