"""API keys, which are shown once and stored as a digest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import choice, token_urlsafe
from string import ascii_lowercase, digits
from uuid import UUID

from sqlalchemy import delete

from core.kit import (
    Clock,
    Contributions,
    Database,
    FieldError,
    IfMatch,
    InvalidInput,
    PageRequest,
    Permission,
    Principal,
    Rows,
)
from modules.auth.errors import ApiKeyNotFound, ScopeNotYours
from modules.auth.models import ApiKey
from modules.auth.queries import API_KEYS, COUNT_KEYS, COUNT_OWN_KEYS
from modules.auth.schemas import ApiKeyDraft
from modules.auth.service.digests import digest_of
from modules.auth.service.signing_keys import PRINCIPALS

SECRET_BYTES, PREFIX_LENGTH = 32, 12


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new API key with its secret, which is not shown again."""

    id: UUID
    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    key: str = field(repr=False)


class ApiKeyService:
    def __init__(self, db: Database, clock: Clock, contributions: Contributions) -> None:
        self._db, self._clock = db, clock
        self._contributions = contributions

    async def own_page(self, owner: Principal, request: PageRequest) -> Rows[ApiKey]:
        return await self._db.page(API_KEYS, ApiKey, request, user_id=owner.id)

    async def make(self, owner: Principal, draft: ApiKeyDraft) -> "NewApiKey":
        """Raises InvalidInput and ScopeNotYours."""
        scopes = self._granted(owner, draft.scopes)
        prefix = "atr_" + "".join(choice(ascii_lowercase + digits) for _ in range(PREFIX_LENGTH))
        key, now = f"{prefix}_{token_urlsafe(SECRET_BYTES)}", self._clock()
        async with self._db.transaction() as tx:
            made = await tx.insert(
                ApiKey,
                user_id=owner.id,
                prefix=prefix,
                digest=digest_of(key),
                name=draft.name,
                scopes=scopes,
                created_at=now,
                expires_at=now + timedelta(days=draft.expires_in_days),
            )
            await tx.record("auth.make_api_key", made, scopes=[*scopes])
        return NewApiKey(
            made.id, prefix, made.name, scopes, made.created_at, made.expires_at, None, key
        )

    async def revoke(self, owner: Principal, key_id: UUID, if_match: IfMatch) -> None:
        """Raises ApiKeyNotFound, also for a key of another user, and Stale."""
        async with self._db.transaction() as tx:
            key = await tx.get(
                ApiKey, key_id, user_id=owner.id, missing=ApiKeyNotFound, if_match=if_match
            )
            tx.invalidate(PRINCIPALS)
            await tx.delete(key, audit="auth.revoke_api_key")

    async def close(self, user_id: UUID) -> None:
        """Delete all API keys of a user, in the transaction that closes the account."""
        async with self._db.transaction() as tx:
            await tx.session.execute(delete(ApiKey).where(ApiKey.user_id == user_id))
            tx.invalidate(PRINCIPALS)

    async def count_active(self) -> int:
        async with self._db.read() as reads:
            return int(await reads.scalar(COUNT_KEYS, {"now": self._clock()}))

    async def count(self, owner_id: UUID) -> int:
        values = {"owner": owner_id, "now": self._clock()}
        async with self._db.read() as reads:
            return int(await reads.scalar(COUNT_OWN_KEYS, values))

    def _granted(self, owner: Principal, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the scopes without duplicates. Raises InvalidInput and ScopeNotYours."""
        permissions = self._contributions.of(Permission)
        scopes = {permission.name: permission for permission in permissions if permission.scope}
        known = {"allowed": sorted(scopes)}
        errors = [
            FieldError(
                f"body.scopes.{at}", "The value must be one of {allowed}.", "unknown_scope", known
            )
            for at, name in enumerate(wanted)
            if name not in scopes
        ]
        if errors:
            raise InvalidInput(errors)
        if lacking := [name for name in wanted if not owner.may(scopes[name])]:
            raise ScopeNotYours("Your account does not have {scopes}.", scopes=lacking)
        return tuple(dict.fromkeys(wanted))
