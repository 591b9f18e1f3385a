from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from core.kit import ABSENT, MergePatch, Schema, Text, UtcDatetime
from core.kit.platform import MEMBER, NewPassword, PermissionName, RoleName
from modules.users.public import Age, Email, Name

RoleNames = Annotated[tuple[RoleName, ...], Field(max_length=50, examples=[[MEMBER]])]


class AdminUserCreate(Schema):
    name: Name
    email: Email
    age: Age | None = None
    password: NewPassword
    roles: RoleNames = (MEMBER,)


class AdminUserUpdate(MergePatch):
    name: Name = ABSENT
    email: Email = ABSENT
    age: Age | None = ABSENT


class AdminUserRead(Schema):
    """The profile, and what only an admin sees."""

    id: UUID
    name: str
    email: str
    age: int | None
    locale: str | None
    roles: tuple[RoleName, ...]
    permissions: tuple[PermissionName, ...]
    email_verified_at: UtcDatetime | None
    pending_email: str | None
    created_at: UtcDatetime
    updated_at: UtcDatetime
    is_active: bool
    last_login_at: UtcDatetime | None
    deletes_at: UtcDatetime | None
    second_factor: bool = False


class RolesUpdate(Schema):
    roles: RoleNames


class PermissionRead(Schema):
    name: PermissionName
    title: str
    module: str
    roles: tuple[RoleName, ...] = Field(description="The roles that have it.")
    scope: bool = Field(description="Whether an API key may carry it.")


class UserFigures(Schema):
    total: int
    active: int


class SessionFigures(Schema):
    active: int


class FileFigures(Schema):
    count: int
    bytes: int


class StatsRead(Schema):
    users: UserFigures
    sessions: SessionFigures
    files: FileFigures
    uptime_s: int
    memory_bytes: int
    modules: dict[str, dict[str, int]]


class MaintenanceUpdate(Schema):
    enabled: Annotated[bool, Field(examples=[False])]
    message: Annotated[str, Text(0, 500), Field(examples=["Back at noon."])] | None = None
    retry_after_s: Annotated[int, Field(ge=1, le=86_400, examples=[60])] = 60


class MaintenanceRead(Schema):
    enabled: bool
    message: str | None
    retry_after_s: int = Field(description="What `Retry-After` says while the service is closed.")


class AuditRead(Schema):
    id: UUID
    at: UtcDatetime
    actor_id: UUID | None
    actor_kind: Literal["user", "key", "system", "anonymous"]
    on_behalf_of: UUID | None
    action: str
    target_kind: str
    target_id: str | None
    outcome: Literal["success", "refused", "failed"]
    address: str
    request_id: str
    changes: dict[str, Any]


class ModuleRead(Schema):
    name: str
    version: str
    routes: int
    permissions: list[PermissionName]
    migrations: str | None = Field(description="The revision its tables are at.")
    health: dict[str, Literal["ok", "down"]]


class EventRead(Schema):
    id: UUID
    event: str
    listener: str
    status: Literal["pending", "running", "failed", "dead", "waiting"]
    attempts: int
    due_at: UtcDatetime | None
    last_error: str | None
    created_at: UtcDatetime


class AdminSessionRead(Schema):
    id: UUID
    user_id: UUID
    device: str
    address: str
    created_at: UtcDatetime
    last_used_at: UtcDatetime
    expires_at: UtcDatetime


class AdminFileRead(Schema):
    id: UUID
    owner_id: UUID
    filename: str
    original_filename: str
    size: int = Field(description="Bytes.")
    content_type: str
    checksum_sha256: str
    visibility: Literal["private", "public"]
    created_at: UtcDatetime
    updated_at: UtcDatetime
