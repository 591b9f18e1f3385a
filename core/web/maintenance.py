"""Maintenance mode, in which the service accepts requests of admins only."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class MaintenanceState:
    enabled: bool = False
    message: str | None = None
    retry_after_s: int = 60


@runtime_checkable
class MaintenanceSwitch(Protocol):
    async def state(self) -> MaintenanceState:
        """Return the current state; it is read at every request."""
        ...


class UnderMaintenance(Unavailable):
    """In maintenance mode only admins may use the service. `detail` may have the reason."""

    code = "http.maintenance"
    title = "The service is closed for maintenance."
