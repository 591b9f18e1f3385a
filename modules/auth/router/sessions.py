from uuid import UUID

from litestar import Controller

from core.kit import IfMatch, Page, PageRequest, Principal, authenticated, delete, get, post
from modules.auth.errors import SessionNotFound
from modules.auth.queries import SESSIONS
from modules.auth.schemas import PasswordChange, Proof, SessionRead
from modules.auth.service.reauthentication import PasswordReauthentication
from modules.auth.service.sessions import SessionService


class SessionController(Controller):
    sessions: SessionService
    reauthentication: PasswordReauthentication

    @post("/logout", summary="Sign out", status_code=204, policy=authenticated, audit="auth.logout")
    async def log_out(self, principal: Principal) -> None:
        await self.sessions.log_out(principal)

    @post(
        "/logout-all",
        summary="Sign out of all sessions",
        status_code=204,
        policy=authenticated,
        audit="auth.logout_all",
    )
    async def log_out_everywhere(self, principal: Principal) -> None:
        await self.sessions.end_all(principal.id, "auth.logout_all")

    @get("/sessions", summary="List your sessions", policy=authenticated, listing=SESSIONS)
    async def list_sessions(
        self, page_request: PageRequest, principal: Principal
    ) -> Page[SessionRead]:
        return SessionRead.paged(await self.sessions.own_page(principal, page_request))

    @delete(
        "/sessions/{session_id:str}",
        summary="End one of your sessions",
        policy=authenticated,
        audit="auth.end_session",
        errors=(SessionNotFound,),
    )
    async def delete_session(
        self, session_id: UUID, principal: Principal, if_match: IfMatch
    ) -> None:
        await self.sessions.end(session_id, if_match, principal)

    @post(
        "/step-up",
        summary="Re-authenticate",
        description="Operations that need a recent re-authentication then work for some minutes.",
        status_code=204,
        policy=authenticated,
    )
    async def step_up(self, data: Proof, principal: Principal) -> None:
        await self.reauthentication.step_up(principal, data.password)

    @post(
        "/password/change",
        summary="Change your password",
        description="Ends all other sessions.",
        status_code=204,
        policy=authenticated,
    )
    async def change_password(self, data: PasswordChange, principal: Principal) -> None:
        await self.reauthentication.change_password(
            principal, data.current_password, data.new_password
        )
