"""The port by which other modules list, count and end sessions."""

from typing import Protocol, runtime_checkable
from uuid import UUID

from core.kit import IfMatch, PageRequest, Rows
from modules.auth.errors import SessionNotFound as SessionNotFound
from modules.auth.models import AuthSession
from modules.auth.queries import ALL_SESSIONS as ALL_SESSIONS  # the Listing of `Sessions.page`


@runtime_checkable
class Sessions(Protocol):
    """The port for the sessions of all users; it joins the caller's transaction if one is open."""

    async def page(self, request: PageRequest) -> Rows[AuthSession]:
        """Return a page of all sessions; the route declares `listing=ALL_SESSIONS`."""
        ...

    async def end(self, session_id: UUID, if_match: IfMatch) -> None:
        """End a session, audited as `auth.end_session`. Raises SessionNotFound and Stale."""
        ...

    async def end_all(self, user_id: UUID) -> None:
        """End all sessions of a user, if there are any; audited as `auth.end_sessions`."""
        ...

    async def count_active(self) -> int: ...
