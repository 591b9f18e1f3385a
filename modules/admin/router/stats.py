from litestar import Controller

from core.kit import get, requires
from modules.admin.permissions import STATS
from modules.admin.schemas import StatsRead
from modules.admin.service import StatsService


class StatsController(Controller):
    stats: StatsService

    @get(
        "/stats",
        summary="Read the statistics of all modules",
        description="Requires an access token and an API key of the same user.",
        policy=requires(STATS).with_key_beside(),
    )
    async def read_stats(self) -> StatsRead:
        return await self.stats.read()
