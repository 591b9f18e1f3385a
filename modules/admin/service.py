from asyncio import to_thread
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from core.kit import (
    Contributions,
    Database,
    HealthCheck,
    IfMatch,
    PageRequest,
    Permission,
    Rows,
    Statistic,
)
from core.kit.platform import (
    AuditEntry,
    EventLog,
    HealthChecks,
    InstalledModules,
    ModuleInfo,
    count_fallback,
)
from modules.admin.queries import (
    AUDIT_ENTRIES,
    BETWEEN,
    SELECT_ALL,
    SINCE,
    UNTIL,
    Period,
    revision_of,
)
from modules.admin.schemas import FileFigures, ModuleRead, SessionFigures, StatsRead, UserFigures

log = structlog.get_logger(__name__)

Statistics = dict[str, dict[str, int]]
"""The statistics by module, then by the last part of their names."""


def used_memory() -> int:
    """Return the resident memory of this process in bytes, which psutil reads from a file."""
    from psutil import Process  # the import takes 9 ms

    resident: int = Process().memory_info().rss
    return resident


class StatsService:
    """The statistics that modules contribute, with their current values."""

    def __init__(self, contributions: Contributions) -> None:
        self._contributions = contributions
        self._started = monotonic()

    async def read(self) -> StatsRead:
        statistics = await self._statistics()
        users, files = statistics.get("users", {}), statistics.get("files", {})
        return StatsRead(
            users=UserFigures(total=users.get("total", 0), active=users.get("active", 0)),
            sessions=SessionFigures(active=statistics.get("auth", {}).get("sessions", 0)),
            files=FileFigures(count=files.get("count", 0), bytes=files.get("bytes", 0)),
            uptime_s=int(monotonic() - self._started),
            memory_bytes=await to_thread(used_memory),
            modules=statistics,
        )

    async def _statistics(self) -> Statistics:
        """Return the statistics by module; one that fails is logged and left out."""
        statistics: Statistics = {}
        for statistic in self._contributions.of(Statistic):
            module, _, name = statistic.name.partition(".")
            try:
                statistics.setdefault(module, {})[name] = await statistic.read()
            except Exception as error:
                count_fallback("statistic")
                log.error("statistic_failed", statistic=statistic.name, exc_info=error)
        return statistics


class AuditReader:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, request: PageRequest, period: Period) -> Rows[AuditEntry]:
        """Return a page of the audit trail, limited to the period."""
        since, until = period
        queries = {(0, 0): SELECT_ALL, (1, 0): SINCE, (0, 1): UNTIL, (1, 1): BETWEEN}
        query = queries[since is not None, until is not None]
        return await self._db.page(AUDIT_ENTRIES, query, request, since=since, until=until)


class EventAdmin:
    """The operations of admins on undelivered events, which are recorded in the audit trail."""

    def __init__(self, db: Database, event_log: EventLog) -> None:
        self._db, self._event_log = db, event_log

    async def retry(self, delivery_id: UUID) -> None:
        async with self._db.transaction() as tx:
            await self._event_log.retry(delivery_id)
            await tx.record("admin.retry_event", ("events", delivery_id))

    async def discard(self, delivery_id: UUID, if_match: IfMatch) -> None:
        async with self._db.transaction() as tx:
            await self._event_log.discard(delivery_id)
            if_match.check_untagged()
            await tx.record("admin.discard_event", ("events", delivery_id))


class Inventory:
    """The installed modules with their permissions, revisions and health."""

    def __init__(
        self,
        db: Database,
        contributions: Contributions,
        health: HealthChecks,
        modules: InstalledModules,
    ) -> None:
        self._db, self._contributions = db, contributions
        self._health, self._modules = health, modules

    async def modules(self) -> list[ModuleRead]:
        return [await self._describe(module) for module in self._modules]

    async def _describe(self, module: ModuleInfo) -> ModuleRead:
        checks = [check.name for check in self._contributions.of(HealthCheck, module.name)]
        results = {result.check: result for result in await self._health.results()}
        return ModuleRead(
            name=module.name,
            version=module.version,
            routes=module.routes,
            permissions=[owned.name for owned in self._contributions.of(Permission, module.name)],
            migrations=await self._revision(module.name),
            health={
                results[name].name: "ok" if results[name].ok else "down"
                for name in checks
                if name in results
            },
        )

    async def _revision(self, module: str) -> str | None:
        """Return the revision, or None if the module has no tables or they do not exist yet."""
        try:
            async with self._db.read() as reads:
                revision: str | None = await reads.scalar(revision_of(module))
        except DBAPIError:
            return None
        return revision
