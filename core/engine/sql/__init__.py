"""Connections, compiled statements, group commit and cache versions, below `core.data`.

The rest of the core uses these names only.
"""

from core.engine.sql.cache_versions import CacheVersions, place_of
from core.engine.sql.cached_counts import Count
from core.engine.sql.changes import tables_changed_by
from core.engine.sql.compiled_statements import (
    NOTHING,
    CompiledStatement,
    Rows,
    Values,
    compile_statement,
)
from core.engine.sql.connection_pool import IF_CHANGED, ConnectionPool, Write
from core.engine.sql.errors import DatabaseBusy, TooSlow, raise_busy
from core.engine.sql.lanes import reserved
from core.engine.sql.opening import open_connections, postgres_url, sqlite_path
from core.engine.sql.postgres.settings import connect_args_of
from core.engine.sql.reads import PlannedReads, ReadConnection, ReadsInTransaction
from core.engine.sql.sqlite.driver import add_functions
from core.engine.sql.sqlite.spare import give_up_spare, keep_spare
from core.engine.sql.statement_timeout import STATEMENT_TIMEOUT_S, without_statement_timeout

__all__ = [
    "IF_CHANGED",
    "NOTHING",
    "STATEMENT_TIMEOUT_S",
    "CacheVersions",
    "CompiledStatement",
    "ConnectionPool",
    "Count",
    "DatabaseBusy",
    "PlannedReads",
    "ReadConnection",
    "ReadsInTransaction",
    "Rows",
    "TooSlow",
    "Values",
    "Write",
    "add_functions",
    "compile_statement",
    "connect_args_of",
    "give_up_spare",
    "keep_spare",
    "open_connections",
    "place_of",
    "postgres_url",
    "raise_busy",
    "reserved",
    "sqlite_path",
    "tables_changed_by",
    "without_statement_timeout",
]
