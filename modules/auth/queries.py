"""The list definitions and statements for sessions, tokens, API keys and signing keys."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, update

from core.kit import Listing, select_rows, utc_now
from core.kit.platform import reserved
from modules.auth.models import ApiKey, AuthSession, RefreshToken, SigningKey

SESSIONS = Listing(
    sort=(AuthSession.created_at, AuthSession.last_used_at, AuthSession.id),
    scope=(AuthSession.user_id,),
)
ALL_SESSIONS = Listing(
    sort=(AuthSession.created_at, AuthSession.last_used_at, AuthSession.id),
    filters=(AuthSession.user_id,),
)
API_KEYS = Listing(sort=(ApiKey.created_at, ApiKey.name, ApiKey.id), scope=(ApiKey.user_id,))

LIVE = select_rows(AuthSession).where(AuthSession.expires_at > bindparam("now"))
SESSION = reserved(LIVE.where(AuthSession.id == bindparam("session_id")))
HELD_SESSIONS = LIVE.where(AuthSession.user_id == bindparam("owner"))


class OwnSession(NamedTuple):
    """A session of the caller; one of them is the session of the request."""

    id: UUID
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


OWN_SESSIONS = select_rows(
    OwnSession,
    *(getattr(AuthSession, name) for name in OwnSession._fields[:-1]),
    (AuthSession.id == bindparam("own_session")).label("current"),
).where(AuthSession.expires_at > bindparam("now"), AuthSession.user_id == bindparam("owner"))

OF_TOKEN = (
    select(AuthSession)
    .join(RefreshToken, RefreshToken.session_id == AuthSession.id)
    .where(RefreshToken.digest == bindparam("token_digest"))
    .with_for_update(of=AuthSession)
)
"""This query locks the session of a refresh token: one refresh of a session runs at a time."""

USE_TOKEN = (
    update(RefreshToken)
    .where(RefreshToken.digest == bindparam("token_digest"), RefreshToken.used_at.is_(None))
    .returning(RefreshToken.digest)
    .execution_options(synchronize_session=False)
)
"""This statement returns no row for a token that was used before."""

PAIR_USED = (
    update(AuthSession)
    .where(AuthSession.id == bindparam("session_id"), AuthSession.unused_pair == bindparam("pair"))
    .values(unused_pair=None)
    .execution_options(synchronize_session=False)
)

FORGET_SUCCESSORS = (
    update(RefreshToken)
    .where(RefreshToken.session_id == bindparam("of_session"))
    .where(RefreshToken.sealed_successor.is_not(None))
    .values(sealed_successor=None)
    .execution_options(synchronize_session=False)
)

KEY_BY_PREFIX = reserved(select_rows(ApiKey).where(ApiKey.prefix == bindparam("asked_prefix")))
KEY_USED = update(ApiKey).where(ApiKey.id == bindparam("key_id"))

SIGNING_KEYS = reserved(select_rows(SigningKey).order_by(SigningKey.generation.desc()))


LIVE_SESSIONS = AuthSession.expires_at > bindparam("now")
LIVE_KEYS = ApiKey.expires_at > bindparam("now")


def now() -> dict[str, object]:
    """Return the values of the two conditions."""
    return {"now": utc_now()}
