from litestar import Controller

from core.kit import get, post, requires
from core.kit.platform import Maintenance, MaintenanceState
from modules.admin.permissions import MAINTENANCE
from modules.admin.schemas import MaintenanceRead, MaintenanceUpdate


class MaintenanceController(Controller):
    path = "/maintenance"
    maintenance: Maintenance

    @get(summary="Read the maintenance mode", policy=requires(MAINTENANCE))
    async def read_maintenance(self) -> MaintenanceRead:
        return MaintenanceRead.of(await self.maintenance.state())

    @post(
        summary="Start or end the maintenance mode",
        description="In maintenance mode all users except admins get 503, also after a restart.",
        policy=requires(MAINTENANCE),
        status_code=200,
        audit="admin.maintenance",
    )
    async def switch_maintenance(self, data: MaintenanceUpdate) -> MaintenanceRead:
        state = MaintenanceState(**data.model_dump())
        await self.maintenance.switch(state)
        return MaintenanceRead.of(state)
