from litestar import Controller

from core.kit import get, requires
from modules.admin.permissions import STATS
from modules.admin.schemas import StatsRead
from modules.admin.service import StatsService


class StatsController(Controller):
    stats: StatsService

    @get(
        "/stats",
        summary="See the figures that all modules contribute",
        description="Takes the access token and, beside it, an API key of the same person.",
        policy=requires(STATS).with_key_beside(),
    )
    async def read_stats(self) -> StatsRead:
        return await self.stats.read()
