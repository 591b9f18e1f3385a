"""Environment variables that switch a part of an engine off until it fits a newer library.

They are not settings, because an operator needs them only after an upgrade. Their consequences are
logged at the start.
"""

import os
from typing import NamedTuple

from core.kernel.contributions import WiringError


class Switch(NamedTuple):
    name: str
    on: str
    off: str
    consequence: str
    """A sentence that says what the service lacks while the part is switched off."""

    @property
    def is_off(self) -> bool:
        """Whether the variable has the value `off`. Raises WiringError for an unknown value."""
        value = os.environ.get(self.name, "").strip() or self.on
        if value not in (self.on, self.off):
            raise WiringError(f"{self.name} must be {self.on} or {self.off}, not {value!r}.")
        return value == self.off


HTTP = Switch(
    "ATRIUM_ENGINE_HTTP",
    on="atrium",
    off="stock",
    consequence="The protocol of uvicorn serves: the number of connections, the time for a head "
    "and the rates of bodies and readers have no limit. Only the proxy protects the service.",
)
COMPILED_STATEMENTS = Switch(
    "ATRIUM_ENGINE_COMPILED_STATEMENTS",
    on="on",
    off="off",
    consequence="SQLAlchemy executes each statement: a request takes about twice the CPU time.",
)
SWITCHES = (HTTP, COMPILED_STATEMENTS)
