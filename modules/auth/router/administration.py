"""The routes for the sessions of all users, which the module adds to `admin`."""

from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, delete, get, requires
from modules.auth.errors import SessionNotFound
from modules.auth.permissions import MANAGE_SESSIONS
from modules.auth.queries import ALL_SESSIONS
from modules.auth.schemas import AdminSessionRead
from modules.auth.service.sessions import SessionService


class SessionAdminController(Controller):
    path = "/sessions"
    sessions: SessionService

    @get(
        summary="List the sessions of all users",
        policy=requires(MANAGE_SESSIONS),
        listing=ALL_SESSIONS,
    )
    async def list_sessions(self, page_request: PageRequest) -> Page[AdminSessionRead]:
        return AdminSessionRead.paged(await self.sessions.page(page_request))

    @delete(
        "/{session_id:str}",
        summary="End a session of any user",
        policy=requires(MANAGE_SESSIONS),
        audit="auth.end_session",
        errors=(SessionNotFound,),
    )
    async def delete_session(self, session_id: UUID, if_match: IfMatch) -> None:
        await self.sessions.end(session_id, if_match)
