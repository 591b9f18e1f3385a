"""The contributions of the core itself."""

from asyncio import to_thread
from collections.abc import Sequence
from datetime import timedelta

import structlog
from pydantic import SecretStr
from sqlalchemy import text

from core.data.search_merging import merge_search_indexes
from core.engine.sql import keep_spare, reserved, sqlite_path
from core.kernel.contributions import Contribution
from core.kernel.events import Schedule
from core.operations.contributions import DoctorCheck, HealthCheck, PersonalData, StartupTask
from core.operations.snapshots import forget_dead_servers
from core.security.limits import RateLimit
from core.wiring.container import METRICS_FOLDER, CoreContainer

HOUR = timedelta(hours=1)
ALIVE = reserved(text("SELECT 1"))

log = structlog.get_logger(__name__)


def core_contributions(core: CoreContainer) -> Sequence[Contribution]:
    async def database_answers() -> None:
        async with core.db().read() as reads:
            await reads.execute(ALIVE)

    async def tidy_metrics() -> None:
        forget_dead_servers(core.settings().data_dir / METRICS_FOLDER)

    async def reserve_room() -> None:
        if path := sqlite_path(core.settings().database_url.get_secret_value()):
            await to_thread(keep_spare, path)

    async def clear_old_client_ips() -> None:
        days = core.settings().audit_keep_addresses_days
        await core.audit().clear_old_client_ips(timedelta(days))

    return (
        RateLimit("anonymous", lambda: core.settings().rate_limit_anonymous, exact=False),
        RateLimit("signed-in", lambda: core.settings().rate_limit_signed_in, exact=False),
        HealthCheck("core.database", database_answers),
        StartupTask("core.metrics", tidy_metrics),
        StartupTask("core.spare", reserve_room),
        Schedule("core.spare", HOUR, reserve_room),
        Schedule("core.events", HOUR, lambda: core.outbox().tidy(core.db())),
        Schedule("core.counters", HOUR, lambda: core.shared_counters().forget_old()),
        Schedule("core.idempotency", HOUR, lambda: core.idempotency_store().forget_old()),
        Schedule("core.audit_addresses", HOUR, clear_old_client_ips),
        Schedule("core.search", HOUR, lambda: merge_search_indexes(core.db())),
        PersonalData(
            "core.idempotency",
            export=lambda user_id: core.idempotency_store().export(user_id),
            erase=lambda user_id: core.idempotency_store().erase(user_id),
        ),
        *about_redis(core.settings().redis_url),
    )


def about_redis(url: SecretStr | None) -> Sequence[Contribution]:
    """Return the checks of Redis, which only warn: without Redis, limits are less strict."""
    if url is None:
        return ()

    async def advise() -> str | None:
        from core.security.redis_counters import advice_about

        return await advice_about(url.get_secret_value())

    async def warn() -> None:
        if advice := await advise():
            log.warning("redis_unavailable", advice=advice)

    return DoctorCheck("core.redis", advise), StartupTask("core.redis", warn)
