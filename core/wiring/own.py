"""What the core contributes itself, like any module."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from core.kernel.contributions import Contribution
from core.kernel.events import Schedule
from core.operations.contributions import HealthCheck
from core.wiring.container import CoreContainer

ALIVE = text("SELECT 1")


def core_contributions(core: CoreContainer) -> Sequence[Contribution]:
    async def database_answers() -> None:
        async with core.db().read() as reads:
            await reads.execute(ALIVE)

    return (
        HealthCheck("core.database", database_answers),
        Schedule("core.events", timedelta(hours=1), lambda: core.outbox().tidy()),
        Schedule(
            "core.counters",
            timedelta(hours=1),
            lambda: core.shared_counters().forget_old(),
        ),
        Schedule(
            "core.idempotency",
            timedelta(hours=1),
            lambda: core.idempotency_store().forget_old(),
        ),
    )
