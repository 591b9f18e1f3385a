"""The HTTP layer: one controller for each kind of resource that admins manage."""

from modules.admin.router.audit import AuditController
from modules.admin.router.events import EventController
from modules.admin.router.files import FileController
from modules.admin.router.maintenance import MaintenanceController
from modules.admin.router.modules import ModuleController
from modules.admin.router.people import PeopleController
from modules.admin.router.roles import RoleController
from modules.admin.router.sessions import SessionController
from modules.admin.router.stats import StatsController

CONTROLLERS = (
    PeopleController,
    RoleController,
    StatsController,
    MaintenanceController,
    AuditController,
    SessionController,
    FileController,
    EventController,
    ModuleController,
)
