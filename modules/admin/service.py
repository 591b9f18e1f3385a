from asyncio import to_thread
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

import structlog
from psutil import Process
from sqlalchemy.exc import DBAPIError

from core.kit import (
    Clock,
    Contributions,
    Database,
    HealthCheck,
    IfMatch,
    PageRequest,
    Permission,
    Principal,
    Rows,
    Statistic,
    requires,
)
from core.kit.platform import (
    ADMIN,
    MEMBER,
    AuditEntry,
    EventLog,
    HealthChecks,
    InstalledModules,
    ModuleInfo,
    Roles,
    count_fallback,
)
from modules.admin.permissions import ROLES
from modules.admin.queries import AUDIT, BETWEEN, SELECT_ALL, SINCE, UNTIL, Period, revision_of
from modules.admin.schemas import (
    FileFigures,
    ModuleRead,
    PermissionRead,
    SessionFigures,
    StatsRead,
    UserFigures,
)
from modules.users.public import NewAccount, People, Person

log = structlog.get_logger(__name__)

Figures = dict[str, dict[str, int]]


def used_memory() -> int:
    """Return the resident memory of this process in bytes, which psutil reads from a file."""
    resident: int = Process().memory_info().rss
    return resident


class StatsService:
    """The statistics that modules contribute, with their current values."""

    def __init__(self, contributions: Contributions) -> None:
        self._contributions = contributions
        self._started = monotonic()

    async def read(self) -> StatsRead:
        figures = await self._figures()
        users, files = figures.get("users", {}), figures.get("files", {})
        return StatsRead(
            users=UserFigures(total=users.get("total", 0), active=users.get("active", 0)),
            sessions=SessionFigures(active=figures.get("auth", {}).get("sessions", 0)),
            files=FileFigures(count=files.get("count", 0), bytes=files.get("bytes", 0)),
            uptime_s=int(monotonic() - self._started),
            memory_bytes=await to_thread(used_memory),
            modules=figures,
        )

    async def _figures(self) -> Figures:
        """Return the statistics by module; one that fails is logged and left out."""
        figures: Figures = {}
        for statistic in self._contributions.of(Statistic):
            module, _, figure = statistic.name.partition(".")
            try:
                figures.setdefault(module, {})[figure] = await statistic.read()
            except Exception as error:
                count_fallback("statistic")
                log.error("statistic_failed", statistic=statistic.name, exc_info=error)
        return figures


class AuditReader:
    def __init__(self, db: Database, people: People) -> None:
        self._db, self._people = db, people

    async def page(self, request: PageRequest, period: Period) -> Rows[AuditEntry]:
        """Return a page of the audit trail, limited to the period."""
        since, until = period
        queries = {(0, 0): SELECT_ALL, (1, 0): SINCE, (0, 1): UNTIL, (1, 1): BETWEEN}
        query = queries[since is not None, until is not None]
        async with self._db.read() as reads:
            return await reads.page(AUDIT, query, request, {"since": since, "until": until})

    async def read_person(self, user_id: UUID) -> Person:
        """Return the account of another user, and record this access in the audit trail."""
        person = await self._people.person(user_id)
        async with self._db.transaction() as tx:
            await tx.record("admin.read_person", ("users", user_id))
        return person


class AdminUserCreation:
    """The creation of accounts by admins.

    Roles beyond `member` require the same permission and re-authentication as a change of roles.
    """

    def __init__(self, people: People, clock: Clock) -> None:
        self._people, self._clock = people, clock

    async def create(self, actor: Principal, new: NewAccount, roles: Sequence[str]) -> Person:
        if set(roles) - {MEMBER}:
            requires(ROLES).fresh().admit(actor, self._clock())
        return await self._people.create(actor, new, roles)


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


class PermissionDirectory:
    def __init__(self, contributions: Contributions, roles: Roles) -> None:
        self._contributions, self._roles = contributions, roles

    def all(self) -> Sequence[PermissionRead]:
        """Return the permissions of each module with the roles that have them."""
        names = {role: self._roles.permissions_of((role,)) for role in (ADMIN, MEMBER)}
        return [
            PermissionRead(
                name=permission.name,
                title=permission.title,
                module=module,
                roles=tuple(role for role, owned in names.items() if permission.name in owned),
                scope=permission.scope,
            )
            for module in self._contributions.modules
            for permission in self._contributions.of(Permission, module)
        ]
