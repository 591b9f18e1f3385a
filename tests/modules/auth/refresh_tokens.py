"""Refresh tokens in the database."""

from typing import Any

from sqlalchemy import func, select

from core.testing import CoreContainer
from modules.auth.models import ENDED, AuthSession, RefreshToken

LIVE = (
    select(func.count())
    .select_from(RefreshToken)
    .join(AuthSession)
    .where(RefreshToken.used_at.is_(None), AuthSession.expires_at > ENDED)
)
SEALED = (
    select(func.count()).select_from(RefreshToken).where(RefreshToken.sealed_successor.is_not(None))
)


async def count(core: CoreContainer, statement: Any) -> int:
    async with core.db().read() as reads:
        return int(await reads.scalar(statement))
