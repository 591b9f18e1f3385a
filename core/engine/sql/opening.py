"""The connections to the database of a URL; each is opened when it is first needed."""

from functools import partial
from json import dumps
from typing import NamedTuple

from sqlalchemy import event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.engine.sql.cache_versions import CacheVersions
from core.engine.sql.cached_counts import CachedCounts
from core.engine.sql.connection_pool import ConnectionPool
from core.engine.sql.postgres.settings import (
    READ_ONLY_SESSION,
    SESSION,
    connect_args_of,
    timeout_of,
)
from core.engine.sql.reads import PlannedReads
from core.engine.sql.sqlite.connection_pool import SqlitePool, WriteConnection
from core.engine.sql.sqlite.readers import LaneConnection, LaneThreads, SqliteReads
from core.engine.sql.sqlite.writer import GroupCommit

registry.register("sqlite.threaded", "core.engine.sql.sqlite.driver", "Dialect")

WRITE_CONNECTIONS = 10  # on PostgreSQL; one more connection listens
PLAIN_READS = 100  # reads by SQLAlchemy; each waits for a thread of its lane
WRITERS = 100  # transactions in the queue for the writing thread
POOL_TIMEOUT_S = 15  # the longest wait for a connection; then DatabaseBusy is raised


class Connections(NamedTuple):
    pool: ConnectionPool
    """The connections of transactions."""
    reads: PlannedReads
    """The connections of reads outside transactions."""


def open_connections(
    url: str,
    cache_versions: CacheVersions,
    statement_timeout_s: float,
    transaction_pooler: bool,
) -> Connections:
    """Return the connections of `sqlite:///path` or `postgresql://user:password@host/name`.

    With `transaction_pooler` it is the URL of a pooler in transaction mode.
    """
    if path := sqlite_path(url):
        return open_sqlite(path, cache_versions, statement_timeout_s)
    cache_versions.must_poll = True
    if transaction_pooler:
        return open_pooled_postgres(postgres_url(url), cache_versions, statement_timeout_s)
    return open_postgres(postgres_url(url), cache_versions, statement_timeout_s)


def open_sqlite(
    path: str, cache_versions: CacheVersions, statement_timeout_s: float
) -> Connections:
    group = GroupCommit(path, statement_timeout_s)
    engine = pooled("sqlite+threaded://", WRITERS, creator=lambda: WriteConnection(group))
    event.listen(engine.sync_engine, "engine_disposed", lambda _: group.close())
    lanes = LaneThreads(path, statement_timeout_s)
    reading = pooled("sqlite+threaded://", PLAIN_READS, creator=lambda: LaneConnection(lanes))
    reads = SqliteReads(reading, CachedCounts(cache_versions), lanes, statement_timeout_s)
    return Connections(SqlitePool(engine, WRITERS, group), reads)


def open_postgres(
    url: str, cache_versions: CacheVersions, statement_timeout_s: float
) -> Connections:
    from core.engine.sql.postgres.pool import PostgresPool
    from core.engine.sql.postgres.reads import CONNECTIONS, PostgresReads  # loads the driver

    limit = timeout_of(statement_timeout_s)
    engine = pooled(url, WRITE_CONNECTIONS + 1, connect_args=connect_args_of(SESSION | limit))
    read_only = connect_args_of(READ_ONLY_SESSION)
    lanes = sum(CONNECTIONS.values())
    reading = pooled(url, lanes, isolation_level="AUTOCOMMIT", connect_args=read_only)
    reads = PostgresReads(reading, CachedCounts(cache_versions), statement_timeout_s)
    return Connections(PostgresPool(engine, WRITE_CONNECTIONS), reads)


def open_pooled_postgres(
    url: str, cache_versions: CacheVersions, statement_timeout_s: float
) -> Connections:
    from core.engine.sql.postgres.pooler import PooledReads, PoolerPool
    from core.engine.sql.postgres.reads import CONNECTIONS

    shared = connect_args_of({}, transaction_pooler=True)
    engine = pooled(url, WRITE_CONNECTIONS, connect_args=shared)
    plain = pooled(url, sum(CONNECTIONS.values()), connect_args=shared)
    reading = plain.execution_options(postgresql_readonly=True)
    reads = PooledReads(reading, CachedCounts(cache_versions), statement_timeout_s)
    return Connections(PoolerPool(engine, WRITE_CONNECTIONS, statement_timeout_s), reads)


def sqlite_path(url: str) -> str | None:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("SQLite requires a file, because several connections share it.")
    return parsed.database


def postgres_url(url: str) -> str:
    """Return the URL with the driver asyncpg, in place of any other that the operator named."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "postgresql":
        raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def pooled(url: str, size: int, **more: object) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        json_serializer=partial(dumps, default=str, ensure_ascii=False),
        **more,
    )
