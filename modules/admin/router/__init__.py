"""The HTTP layer: one controller for each kind of resource that admins manage."""

from modules.admin.router.audit import AuditController
from modules.admin.router.events import EventController
from modules.admin.router.maintenance import MaintenanceController
from modules.admin.router.modules import ModuleController
from modules.admin.router.stats import StatsController

CONTROLLERS = (
    StatsController,
    MaintenanceController,
    AuditController,
    EventController,
    ModuleController,
)
