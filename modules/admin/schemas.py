from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from core.kit import Schema, Text, UtcDatetime
from core.kit.platform import PermissionName


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
    retry_after_s: int = Field(
        description="The seconds in `Retry-After` during the maintenance mode."
    )


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
    changes: dict[str, object]


class ModuleRead(Schema):
    name: str
    version: str
    routes: int
    permissions: list[PermissionName]
    migrations: str | None = Field(description="The current revision of the tables.")
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
