from litestar import Controller

from core.kit import Page, PageRequest, get, requires
from modules.admin.permissions import MODULES
from modules.admin.queries import INSTALLED
from modules.admin.schemas import ModuleRead
from modules.admin.service import Inventory


class ModuleController(Controller):
    inventory: Inventory

    @get(
        "/modules",
        summary="List the installed modules",
        policy=requires(MODULES),
        listing=INSTALLED,
    )
    async def list_modules(self, page_request: PageRequest) -> Page[ModuleRead]:
        return ModuleRead.paged(INSTALLED.page(await self.inventory.modules(), page_request))
