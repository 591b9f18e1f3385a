from litestar import Controller

from core.kit import get, post, requires
from core.kit.platform import Maintenance, MaintenanceState
from modules.admin.permissions import MAINTENANCE
from modules.admin.schemas import MaintenanceRead, MaintenanceUpdate


class MaintenanceController(Controller):
    path = "/maintenance"
    maintenance: Maintenance

    @get(summary="Ask whether the service is closed", policy=requires(MAINTENANCE))
    async def read_maintenance(self) -> MaintenanceRead:
        return MaintenanceRead.of(await self.maintenance.state())

    @post(
        summary="Close or open the service",
        description="While it is closed everybody but admins gets 503; it outlives a restart.",
        policy=requires(MAINTENANCE),
        status_code=200,
        audit="admin.maintenance",
    )
    async def switch_maintenance(self, data: MaintenanceUpdate) -> MaintenanceRead:
        state = MaintenanceState(**data.model_dump())
        await self.maintenance.switch(state)
        return MaintenanceRead.of(state)
