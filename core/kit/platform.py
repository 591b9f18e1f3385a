"""Names for the modules that complete core: sign-in, administration, downloads and health.

A module of a team needs `core.kit` only.
"""

from core.data.audit import AuditEntry, Outcome
from core.data.audit_trail import AuditTrail
from core.data.erasing import delete_all, update_some
from core.data.indexes import PartialIndex
from core.data.models import Identified
from core.data.transaction_blocks import inside_transaction
from core.data.unions import Union
from core.data.upserts import insert_for
from core.data.versioned_cache import VersionedCache
from core.engine.http import Header
from core.engine.sql import CacheVersions, reserved
from core.events.errors import DeliveryNotFound, DeliveryRunning
from core.events.leases import LEASE, renewed
from core.events.log import EVENTS, EventLog
from core.kernel.context import current_context
from core.kernel.errors import TooLarge, Unauthenticated, UnsupportedMediaType, error_at
from core.kernel.fallbacks import count_fallback
from core.kernel.lru_dict import LruDict
from core.kernel.messages import ParameterValue
from core.kernel.preconditions import ANY_VERSION
from core.kernel.text import composed, simple_lower
from core.kernel.threads import lower_priority
from core.kernel.value_listing import ValueListing
from core.operations.contributions import PersonalRows
from core.operations.health import CheckResult, HealthChecks
from core.operations.maintenance import Maintenance
from core.operations.metrics import RequestMetrics
from core.security.authentication import (
    Authenticator,
    BadCredential,
    InsufficientScope,
    KeyAuthenticator,
    KeyNotAllowed,
    KeyRequired,
    NamedErrors,
    NotSignedIn,
    ProofFailed,
    ResetRequired,
    StepUpRequired,
    TooManyAttempts,
)
from core.security.limits import RateLimited, RateLimits
from core.security.passwords import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    GivenPassword,
    HashingBusy,
    NewPassword,
    NewPasswords,
    PasswordText,
    StorePassword,
)
from core.security.reauthentication import Reauthentication
from core.security.roles import ADMIN, MEMBER, PermissionName, RoleName, Roles
from core.security.secrets import SecretKeys, Unreadable
from core.version import VERSION
from core.web.bodies import EncodedBody
from core.web.context import HttpContext, http_context
from core.web.entity_tags import listed_tags, matches
from core.web.forms import FORM_TYPE, MAX_FORM_BYTES, NotAForm, read_form
from core.web.http_errors import NothingHere
from core.web.maintenance import MaintenanceState, UnderMaintenance
from core.web.openapi.schemes import SecurityScheme
from core.web.pages import document, page_response, wants_html
from core.web.parameters import TimestampText, timestamp
from core.web.requests import AnyRequest
from core.web.responses import PRIVATE, SHARED, BodyResponse, FinishedResponse, Representation
from core.web.route_decorators import route
from core.web.streaming import StreamedResponse, client_watched, send_head
from core.wiring.inventory import InstalledModules, ModuleInfo
from core.wiring.module import AddedRoutes, AnyHost

__all__ = [
    "ADMIN",
    "ANY_VERSION",
    "EVENTS",
    "FORM_TYPE",
    "LEASE",
    "MAX_FORM_BYTES",
    "MAX_PASSWORD_LENGTH",
    "MEMBER",
    "MIN_PASSWORD_LENGTH",
    "PRIVATE",
    "SHARED",
    "VERSION",
    "AddedRoutes",
    "AnyHost",
    "AnyRequest",
    "AuditEntry",
    "AuditTrail",
    "Authenticator",
    "BadCredential",
    "BodyResponse",
    "CacheVersions",
    "CheckResult",
    "DeliveryNotFound",
    "DeliveryRunning",
    "EncodedBody",
    "EventLog",
    "FinishedResponse",
    "GivenPassword",
    "HashingBusy",
    "Header",
    "HealthChecks",
    "HttpContext",
    "Identified",
    "InstalledModules",
    "InsufficientScope",
    "KeyAuthenticator",
    "KeyNotAllowed",
    "KeyRequired",
    "LruDict",
    "Maintenance",
    "MaintenanceState",
    "ModuleInfo",
    "NamedErrors",
    "NewPassword",
    "NewPasswords",
    "NotAForm",
    "NotSignedIn",
    "NothingHere",
    "Outcome",
    "ParameterValue",
    "PartialIndex",
    "PasswordText",
    "PermissionName",
    "PersonalRows",
    "ProofFailed",
    "RateLimited",
    "RateLimits",
    "Reauthentication",
    "Representation",
    "RequestMetrics",
    "ResetRequired",
    "RoleName",
    "Roles",
    "SecretKeys",
    "SecurityScheme",
    "StepUpRequired",
    "StorePassword",
    "StreamedResponse",
    "TimestampText",
    "TooLarge",
    "TooManyAttempts",
    "Unauthenticated",
    "UnderMaintenance",
    "Union",
    "Unreadable",
    "UnsupportedMediaType",
    "ValueListing",
    "VersionedCache",
    "client_watched",
    "composed",
    "count_fallback",
    "current_context",
    "delete_all",
    "document",
    "error_at",
    "http_context",
    "insert_for",
    "inside_transaction",
    "listed_tags",
    "lower_priority",
    "matches",
    "page_response",
    "read_form",
    "renewed",
    "reserved",
    "route",
    "send_head",
    "simple_lower",
    "timestamp",
    "update_some",
    "wants_html",
]
