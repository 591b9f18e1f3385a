from collections.abc import Sequence

from core.kit import Contribution, Module
from modules.admin.permissions import ALL
from modules.admin.router.audit import AuditController
from modules.admin.router.events import EventController
from modules.admin.router.maintenance import MaintenanceController
from modules.admin.router.modules import ModuleController
from modules.admin.router.stats import StatsController
from modules.admin.service import AuditReader, EventAdmin, Inventory, StatsService


class Plugin(Module):
    controllers = (
        StatsController,
        MaintenanceController,
        AuditController,
        EventController,
        ModuleController,
    )
    services = (AuditReader, EventAdmin, Inventory, StatsService)

    def contributions(self) -> Sequence[Contribution]:
        return ALL
