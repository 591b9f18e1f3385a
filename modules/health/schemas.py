from typing import Literal

from pydantic import Field

from core.kit import Schema


class HealthRead(Schema):
    status: Literal["healthy", "maintenance"]
    service: str
    version: str


class LiveRead(Schema):
    status: Literal["up"] = "up"


class CheckRead(Schema):
    """The result of a check, for admins only."""

    ok: bool
    ms: float = Field(description="The duration of the check.")
    reason: str | None


class ReadyRead(Schema):
    status: Literal["ready"] = "ready"
    checks: dict[str, Literal["ok", "down"]]
    details: dict[str, CheckRead] | None = Field(
        default=None,
        exclude_if=lambda details: details is None,
        description="The details, for admins only.",
    )


class RootRead(Schema):
    message: str
    name: str
    version: str
    docs: str | None = Field(description="Null if the docs are switched off.")
    health: str
