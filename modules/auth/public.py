"""What other modules may know of signing in: who is signed in where, and how that is ended."""

from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from core.kernel.pages import PageRequest, Rows
from core.kernel.preconditions import IfMatch
from modules.auth.errors import SessionNotFound as SessionNotFound
from modules.auth.queries import ALL_SESSIONS as ALL_SESSIONS  # the Listing of `Sessions.page`


@runtime_checkable
class Sessions(Protocol):
    """Everybody's. Inside the caller's transaction, if one is open."""

    async def page(self, request: PageRequest) -> Rows[Any]:
        """Rows of id, user_id, device, address, created_at, last_used_at and expires_at."""
        ...

    async def end(self, session_id: UUID, if_match: IfMatch) -> None:
        """Raises SessionNotFound and Stale. Audited as `auth.end_session`."""
        ...

    async def end_all(self, user_id: UUID) -> None:
        """Of one person; harmless if there is none. Audited as `auth.end_sessions`."""
        ...

    async def count_active(self) -> int: ...
