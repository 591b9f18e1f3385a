from litestar import Controller

from core.kit import Page, PageRequest, get, requires
from modules.admin.permissions import MODULES as READ
from modules.admin.queries import MODULES
from modules.admin.schemas import ModuleRead
from modules.admin.service import Inventory


class ModuleController(Controller):
    inventory: Inventory

    @get("/modules", summary="See what is installed", policy=requires(READ), listing=MODULES)
    async def list_modules(self, page_request: PageRequest) -> Page[ModuleRead]:
        return ModuleRead.paged(MODULES.page(await self.inventory.modules(), page_request))
