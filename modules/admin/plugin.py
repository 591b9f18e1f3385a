from collections.abc import Sequence

from core.kit import Contribution, Module
from modules.admin.permissions import ALL
from modules.admin.router import CONTROLLERS
from modules.admin.service import AuditReader, EventAdmin, Inventory, StatsService


class Plugin(Module):
    controllers = CONTROLLERS
    services = (AuditReader, EventAdmin, Inventory, StatsService)

    def contributions(self) -> Sequence[Contribution]:
        return ALL
