"""The database of a URL."""

from core.data.audit import AuditRecorder
from core.data.commits import LastStatements
from core.data.database import Database
from core.data.open_transaction import Recorders
from core.engine.sql import STATEMENT_TIMEOUT_S, CacheVersions, open_connections, sqlite_path
from core.kernel.clock import utc_now


def open_database(
    url: str,
    cache_versions: CacheVersions,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    transaction_pooler: bool = False,
    recorders: Recorders | None = None,
) -> Database:
    """Return the database of a URL; a connection is opened when it is first needed.

    The URL is `sqlite:///path` or `postgresql://user:password@host/name`. With
    `transaction_pooler` it is the URL of a pooler in transaction mode. Without `recorders` the
    audit entries have the time of `utc_now`, and no event can be published.
    """
    recorders = recorders or Recorders(AuditRecorder(utc_now))
    connections = open_connections(url, cache_versions, statement_timeout_s, transaction_pooler)
    if sqlite_path(url):
        return Database(*connections, cache_versions, recorders, LastStatements())
    from core.data.announcements import LAST_STATEMENTS  # loads the dialect of PostgreSQL

    return Database(*connections, cache_versions, recorders, LAST_STATEMENTS)
