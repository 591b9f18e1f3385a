from collections.abc import Sequence

from core.kit import Contribution, Module
from modules.admin.permissions import ALL
from modules.admin.router import CONTROLLERS
from modules.admin.service import (
    AdminUserCreation,
    AuditReader,
    EventAdmin,
    Inventory,
    PermissionDirectory,
    StatsService,
)


class Plugin(Module):
    controllers = CONTROLLERS
    services = (
        AdminUserCreation,
        AuditReader,
        EventAdmin,
        Inventory,
        PermissionDirectory,
        StatsService,
    )

    def contributions(self) -> Sequence[Contribution]:
        return ALL
