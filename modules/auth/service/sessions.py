"""The service that lists and ends sessions, for their owners, for admins and with the account."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true, update

from core.kit import Clock, Database, IfMatch, PageRequest, Principal, Rows, Transaction
from modules.auth.errors import SessionNotFound
from modules.auth.models import ENDED, AuthSession
from modules.auth.queries import (
    ALL_SESSIONS,
    LIVE,
    OWN_SESSIONS,
    SESSIONS,
    OwnSession,
)
from modules.auth.service.signing_keys import PRINCIPALS


class SessionService:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def own_page(self, owner: Principal, request: PageRequest) -> Rows[OwnSession]:
        values = {"owner": owner.id, "own_session": owner.session_id, "now": self._this_minute()}
        return await self._db.page(SESSIONS, OWN_SESSIONS, request, **values)

    async def page(self, request: PageRequest) -> Rows[AuthSession]:
        """Return a page of all users' sessions, and note the read access in the audit trail."""
        rows = await self._db.page(ALL_SESSIONS, LIVE, request, now=self._this_minute())
        self._db.record_later("auth.list_sessions", ("auth_sessions", None))
        return rows

    async def log_out(self, principal: Principal) -> None:
        async with self._db.transaction() as tx:
            await self.end_where(tx, AuthSession.id == principal.session_id)
            await tx.record("auth.logout", ("auth_sessions", principal.session_id))

    async def end(
        self, session_id: UUID, if_match: IfMatch, owner: Principal | None = None
    ) -> None:
        """Raises SessionNotFound, also for a session of another user than `owner`, and Stale."""
        own = AuthSession.user_id == owner.id if owner else true()
        async with self._db.transaction() as tx:
            if not await self.end_where(tx, AuthSession.id == session_id, own):
                raise SessionNotFound
            if_match.check_untagged()
            await tx.record("auth.end_session", ("auth_sessions", session_id))

    async def end_all(self, user_id: UUID, audit: str) -> None:
        async with self._db.transaction() as tx:
            ended = await self.end_where(tx, AuthSession.user_id == user_id)
            await tx.record(audit, ("users", user_id), sessions=len(ended))

    async def end_where(self, tx: Transaction, *which: ColumnElement[bool]) -> Sequence[UUID]:
        """End the sessions, locked in the order of their ids; return the ids of the ended ones."""
        still = (*which, AuthSession.expires_at > ENDED)
        wanted = select(AuthSession.id).where(*still).order_by(AuthSession.id).with_for_update()
        session_ids = (await tx.session.scalars(wanted)).all()
        await tx.session.execute(update(AuthSession).where(*still).values(expires_at=ENDED))
        tx.invalidate(PRINCIPALS)
        return session_ids

    def _this_minute(self) -> datetime:
        """Return the current minute, so that the cached total of a request serves the next ones."""
        return self._clock().replace(second=0, microsecond=0)
