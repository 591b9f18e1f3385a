"""The two ports that return the principal of each request: by access token and by API key.

A principal is cached by its credential until any principal changes, so a credential in constant
use costs one lookup.
"""

from datetime import datetime
from functools import partial
from hmac import compare_digest
from re import ASCII
from re import compile as pattern
from typing import NamedTuple

import structlog

from core.kit import Clock, Database, Principal, Unavailable
from core.kit.platform import CacheVersions, Roles, VersionedCache, count_fallback
from modules.auth.queries import KEY_BY_PREFIX, PAIR_USED, SESSION
from modules.auth.service.access_tokens import AccessTokens, Claims
from modules.auth.service.digests import digest_of
from modules.auth.service.key_usage import KeyUsage
from modules.auth.service.signing_keys import PRINCIPALS
from modules.auth.settings import AuthSettings
from modules.users.public import Accounts

log = structlog.get_logger(__name__)

MAX_CACHED = 10_000
KEY = pattern(r"(atr_[a-z0-9]{12})_[\w-]{43}", ASCII)


class Identity(NamedTuple):
    principal: Principal
    expires_at: datetime
    """The expiry of the credential."""


class BearerTokens:
    def __init__(
        self,
        db: Database,
        cache_versions: CacheVersions,
        tokens: AccessTokens,
        accounts: Accounts,
        roles: Roles,
        clock: Clock,
        settings: AuthSettings,
    ) -> None:
        self._db, self._tokens, self._accounts = db, tokens, accounts
        self._roles, self._clock, self._fresh_for = roles, clock, settings.fresh_for
        self._known: VersionedCache[str, Identity | None] = VersionedCache(
            cache_versions, (PRINCIPALS,), MAX_CACHED
        )

    async def identify(self, token: str) -> Principal | None:
        identity = self._known.get(token) or await self._known.fetch(
            token, partial(self._load, token)
        )
        return identity.principal if identity and identity.expires_at > self._clock() else None

    async def _load(self, token: str) -> Identity | None:
        if (claims := await self._tokens.verify(token)) is None:
            return None
        values = {"session_id": claims.session_id, "now": self._clock()}
        async with self._db.read() as reads:
            session = await reads.first(SESSION, values)
        if session is None or session.user_id != claims.user_id:
            return None
        account = await self._accounts.by_id(claims.user_id)
        if account is None or not account.is_active:
            return None
        principal = Principal(
            id=account.id,
            permissions=self._roles.permissions_of(account.roles),
            roles=account.roles,
            session_id=session.id,
            fresh_until=session.fresh_at + self._fresh_for,
            locale=account.locale,
        )
        if session.unused_pair == claims.pair:
            await self._note_use(claims)
        return Identity(principal, claims.expires_at)

    async def _note_use(self, claims: Claims) -> None:
        """Note that the response to the last refresh has arrived, which ends the retry period.

        This is written once per refresh. While the database accepts no writes, requests go on, and
        the next lookup of the token tries again.
        """
        used = {"session_id": claims.session_id, "pair": claims.pair}
        try:
            async with self._db.transaction() as tx:
                await tx.execute(PAIR_USED, used)
        except Unavailable as error:
            count_fallback("token_use")
            log.warning("use_of_tokens_not_noted", reason=type(error).__name__)


class ApiKeyAuthentication:
    def __init__(
        self,
        db: Database,
        cache_versions: CacheVersions,
        accounts: Accounts,
        roles: Roles,
        clock: Clock,
        usage: KeyUsage,
    ) -> None:
        self._db, self._accounts, self._roles = db, accounts, roles
        self._clock, self._usage = clock, usage
        self._known: VersionedCache[bytes, Identity | None] = VersionedCache(
            cache_versions, (PRINCIPALS,), MAX_CACHED
        )

    async def identify_key(self, key: str) -> Principal | None:
        if (parts := KEY.fullmatch(key)) is None:
            return None
        digest = digest_of(key)
        identity = self._known.get(digest) or await self._known.fetch(
            digest, partial(self._load, parts[1], digest)
        )
        if identity is None or identity.expires_at <= self._clock():
            return None
        if key_id := identity.principal.key_id:
            self._usage.note(key_id)
        return identity.principal

    async def _load(self, prefix: str, digest: bytes) -> Identity | None:
        """Return the identity, with the scopes that the owner still has (ASVS 8.3.3)."""
        async with self._db.read() as reads:
            row = await reads.first(KEY_BY_PREFIX, {"asked_prefix": prefix})
        if not compare_digest(row.digest if row else bytes(len(digest)), digest) or not row:
            return None
        account = await self._accounts.by_id(row.user_id)
        if account is None or not account.is_active:
            return None
        held = self._roles.permissions_of(account.roles)
        principal = Principal(
            id=account.id,
            permissions=held.intersection(row.scopes),
            roles=account.roles,
            key_id=row.id,
            locale=account.locale,
        )
        return Identity(principal, row.expires_at)
