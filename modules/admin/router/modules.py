from litestar import Controller
from litestar.di import NamedDependency

from core.kit import Page, PageRequest, get, requires
from modules.admin.permissions import MODULES as READ
from modules.admin.queries import MODULES
from modules.admin.schemas import ModuleRead
from modules.admin.service import Inventory


class ModuleController(Controller):
    @get("/modules", summary="See what is installed", policy=requires(READ), listing=MODULES)
    async def list_modules(
        self,
        page_request: NamedDependency[PageRequest],
        inventory: NamedDependency[Inventory],
    ) -> Page[ModuleRead]:
        return ModuleRead.paged(MODULES.page(await inventory.modules(), page_request))
