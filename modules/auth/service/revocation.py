"""The revocation of a token by its holder (RFC 7009)."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import bindparam, select

from core.kit import Database
from modules.auth.errors import InvalidRequest
from modules.auth.models import AuthSession, RefreshToken
from modules.auth.service.access_tokens import AccessTokens
from modules.auth.service.digests import digest_of
from modules.auth.service.sessions import SessionService

OWNER = select(AuthSession.user_id).where(AuthSession.id == bindparam("of_session"))


class Revocation:
    def __init__(self, db: Database, tokens: AccessTokens, sessions: SessionService) -> None:
        self._db, self._tokens, self._sessions = db, tokens, sessions

    async def revoke(self, form: Mapping[str, str]) -> None:
        """End the session of an access or refresh token; ignore any other value."""
        if not (token := form.get("token")):
            raise InvalidRequest("The parameter {name} is missing.", name="token")
        claims = await self._tokens.verify(token)
        session_id = claims.session_id if claims else await self._session_of(token)
        if session_id is None:
            return
        async with self._db.transaction() as tx:
            if await self._sessions.end_where(tx, AuthSession.id == session_id):
                owner_id = await tx.session.scalar(OWNER, {"of_session": session_id})
                target = ("users", owner_id)
                await tx.record("auth.revoke", target, session_id=str(session_id))

    async def _session_of(self, token: str) -> UUID | None:
        wanted = select(RefreshToken.session_id).where(RefreshToken.digest == digest_of(token))
        async with self._db.read() as reads:
            session_id: UUID | None = await reads.scalar(wanted)
        return session_id
