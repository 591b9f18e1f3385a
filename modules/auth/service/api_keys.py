"""API keys, which are shown once and stored as a digest."""

from collections.abc import Sequence
from datetime import timedelta
from secrets import choice, token_urlsafe
from string import ascii_lowercase, digits
from uuid import UUID

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
from modules.auth.queries import API_KEYS
from modules.auth.schemas import ApiKeyDraft
from modules.auth.service.digests import digest_of
from modules.auth.service.signing_keys import PRINCIPALS

SECRET_BYTES, PREFIX_LENGTH = 32, 12


class ApiKeyService:
    def __init__(self, db: Database, clock: Clock, contributions: Contributions) -> None:
        self._db, self._clock = db, clock
        self._contributions = contributions

    async def own_page(self, owner: Principal, request: PageRequest) -> Rows[ApiKey]:
        return await self._db.page(API_KEYS, ApiKey, request, user_id=owner.id)

    async def make(self, owner: Principal, draft: ApiKeyDraft) -> tuple[ApiKey, str]:
        """Return the row, and the key, which is not shown again.

        Raises InvalidInput and ScopeNotYours.
        """
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
        return made, key

    async def revoke(self, owner: Principal, key_id: UUID, if_match: IfMatch) -> None:
        """Raises ApiKeyNotFound, also for a key of another user, and Stale."""
        async with self._db.transaction() as tx:
            key = await tx.get(
                ApiKey, key_id, user_id=owner.id, missing=ApiKeyNotFound, if_match=if_match
            )
            tx.invalidate(PRINCIPALS)
            await tx.delete(key, audit="auth.revoke_api_key")

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
