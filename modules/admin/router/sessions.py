from uuid import UUID

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath

from core.kit import IfMatch, Page, PageRequest, delete, get, requires
from modules.admin.permissions import SESSIONS
from modules.admin.schemas import AdminSessionRead
from modules.auth.public import ALL_SESSIONS, SessionNotFound, Sessions


class SessionController(Controller):
    path = "/sessions"

    @get(summary="List everybody's sessions", policy=requires(SESSIONS), listing=ALL_SESSIONS)
    async def list_sessions(
        self, page_request: NamedDependency[PageRequest], sessions: NamedDependency[Sessions]
    ) -> Page[AdminSessionRead]:
        return AdminSessionRead.paged(await sessions.page(page_request))

    @delete(
        "/{session_id:str}",
        summary="End somebody's session",
        policy=requires(SESSIONS),
        audit="auth.end_session",
        errors=(SessionNotFound,),
    )
    async def delete_session(
        self,
        session_id: FromPath[UUID],
        if_match: NamedDependency[IfMatch],
        sessions: NamedDependency[Sessions],
    ) -> None:
        await sessions.end(session_id, if_match)
