from litestar import Controller, get
from litestar.di import NamedDependency

from core.security.policies import requires
from modules.admin.permissions import MODULES
from modules.admin.schemas import ModulesRead
from modules.admin.service import Inventory


class ModuleController(Controller):
    @get("/modules", summary="See what is installed", policy=requires(MODULES))
    async def list_modules(self, inventory: NamedDependency[Inventory]) -> ModulesRead:
        return ModulesRead(data=await inventory.modules())
