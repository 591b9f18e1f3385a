"""The personal data of a user: statistics, activity and the export."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.kit import (
    Clock,
    Contributions,
    Database,
    PageRequest,
    PersonalData,
    Principal,
    Rows,
    UserStatistic,
)
from core.kit.platform import AuditEntry, LruDict, RateLimits, count_fallback
from modules.users.queries import ACTIVITY, DONE_ALONE, DONE_BY, DONE_FOR
from modules.users.schemas import ActivityRead, UserRead
from modules.users.service.export_document import document
from modules.users.service.profile import ProfileService

log = structlog.get_logger(__name__)

MAX_AGE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Summary:
    counts: dict[str, int]
    as_of: datetime


class PersonalDataService:
    def __init__(
        self,
        db: Database,
        clock: Clock,
        contributions: Contributions,
        profiles: ProfileService,
        limits: RateLimits,
    ) -> None:
        self._db, self._clock = db, clock
        self._contributions, self._profiles = contributions, profiles
        self._export_limit = limits.of("export")
        self._summaries: LruDict[UUID, Summary] = LruDict(10_000)

    async def summary(self, user: Principal) -> tuple[Summary, bool]:
        """Return statistics at most a minute old, and whether they were cached."""
        cached, now = self._summaries.get(user.id), self._clock()
        if cached and now - MAX_AGE < cached.as_of <= now:
            return cached, True
        summary = Summary(await self._counts(user.id), now)
        self._summaries.put(user.id, summary)
        return summary, False

    async def activity(self, user: Principal, request: PageRequest) -> Rows[AuditEntry]:
        return await self._db.page(ACTIVITY, DONE_BY, request, user_id=user.id)

    async def export(self, user: Principal) -> AsyncIterator[bytes]:
        """Yield a JSON document, after the audit entry is committed. Raises RateLimited."""
        await self._export_limit.check(user.text)
        async with self._db.transaction() as tx:
            await tx.record("users.export", ("users", user.id))
        exports = {data.name: data.export for data in self._contributions.of(PersonalData)}
        async for piece in document(self._clock(), exports, user.id):
            yield piece

    async def profile(self, user_id: UUID) -> AsyncIterator[UserRead]:
        yield UserRead.of(await self._profiles.get(user_id))

    async def all_activity(self, user_id: UUID) -> AsyncIterator[Sequence[ActivityRead]]:
        """Yield the actions of this user, then the actions in this user's name."""
        for query in (DONE_ALONE, DONE_FOR):
            async for rows in self._db.batches(ACTIVITY, query, user_id=user_id):
                yield ActivityRead.each(rows)

    async def _counts(self, user_id: UUID) -> dict[str, int]:
        """Return the statistics of all modules; one that fails is logged and left out."""
        counts: dict[str, int] = {}
        for statistic in self._contributions.of(UserStatistic):
            try:
                counts[statistic.name.rpartition(".")[2]] = await statistic.count(user_id)
            except Exception:
                count_fallback("statistic")
                log.exception("statistic_failed", statistic=statistic.name)
        return counts
