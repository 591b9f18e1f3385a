from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import JSONBody

from core.kit import get, post, requires
from core.kit.platform import Maintenance, MaintenanceState
from modules.admin.permissions import MAINTENANCE
from modules.admin.schemas import MaintenanceRead, MaintenanceUpdate


class MaintenanceController(Controller):
    path = "/maintenance"

    @get(summary="Ask whether the service is closed", policy=requires(MAINTENANCE))
    async def read_maintenance(self, maintenance: NamedDependency[Maintenance]) -> MaintenanceRead:
        return MaintenanceRead.of(await maintenance.state())

    @post(
        summary="Close or open the service",
        description="While it is closed everybody but admins gets 503; it outlives a restart.",
        policy=requires(MAINTENANCE),
        status_code=200,
        audit="admin.maintenance",
    )
    async def switch_maintenance(
        self, data: JSONBody[MaintenanceUpdate], maintenance: NamedDependency[Maintenance]
    ) -> MaintenanceRead:
        state = MaintenanceState(**data.model_dump())
        await maintenance.switch(state)
        return MaintenanceRead.of(state)
