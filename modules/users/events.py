"""The events that the module publishes for its own listeners."""

from dataclasses import dataclass
from uuid import UUID

from core.kit import Event


@dataclass(frozen=True, kw_only=True)
class ErasureSettled(Event):
    """The requests that were running when this user was erased have ended.

    Their client IPs in the audit trail are cleared then.
    """

    name = "users.erasure_settled"

    user_id: UUID
