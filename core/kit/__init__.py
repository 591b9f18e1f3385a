"""The public face of core: every name that a module may import.

`core.kit.platform` has further names for the modules that complete core, such as `auth`.
"""

from core.data.constraints import unique
from core.data.database import Database
from core.data.erasing import delete_some
from core.data.folded import folded
from core.data.models import Base, Timestamped, Versioned, nothing_personal
from core.data.queries import Listing
from core.data.rows import select_rows
from core.data.search import SearchIndex
from core.data.transaction import Transaction
from core.kernel.clock import Clock, utc_now
from core.kernel.contributions import Contribution, Contributions, Export
from core.kernel.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    ProblemError,
    Stale,
    Unavailable,
)
from core.kernel.events import Event, Listener, Schedule
from core.kernel.ids import uuid7
from core.kernel.pages import PageRequest, Rows
from core.kernel.preconditions import IfMatch
from core.kernel.principal import Permission, Principal
from core.kernel.schemas import ABSENT, MergePatch, Page, Schema, UtcDatetime
from core.kernel.text import Line, Text
from core.operations.contributions import (
    Command,
    DoctorCheck,
    HealthCheck,
    PersonalData,
    Seed,
    StartupTask,
    Statistic,
    UserStatistic,
)
from core.security.authentication import NotPermitted
from core.security.limits import RateLimit
from core.security.policies import authenticated, optional, public, requires
from core.web.route_decorators import delete, get, patch, post, put
from core.wiring.module import Module, Mount

__all__ = [
    "ABSENT",
    "BadRequest",
    "Base",
    "Clock",
    "Command",
    "Conflict",
    "Contribution",
    "Contributions",
    "Database",
    "DoctorCheck",
    "Event",
    "Export",
    "FieldError",
    "Forbidden",
    "HealthCheck",
    "IfMatch",
    "InvalidInput",
    "Line",
    "Listener",
    "Listing",
    "MergePatch",
    "Module",
    "Mount",
    "NotFound",
    "NotPermitted",
    "Page",
    "PageRequest",
    "Permission",
    "PersonalData",
    "Principal",
    "ProblemError",
    "RateLimit",
    "Rows",
    "Schedule",
    "Schema",
    "SearchIndex",
    "Seed",
    "Stale",
    "StartupTask",
    "Statistic",
    "Text",
    "Timestamped",
    "Transaction",
    "Unavailable",
    "UserStatistic",
    "UtcDatetime",
    "Versioned",
    "authenticated",
    "delete",
    "delete_some",
    "folded",
    "get",
    "nothing_personal",
    "optional",
    "patch",
    "post",
    "public",
    "put",
    "requires",
    "select_rows",
    "unique",
    "utc_now",
    "uuid7",
]
