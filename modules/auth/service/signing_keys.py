"""The signing keys of access tokens, sealed in the database, so that all processes have the same.

The latest key signs. An earlier key verifies until its last token has expired.
"""

from asyncio import Lock
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters
from sqlalchemy import bindparam, delete, update
from sqlalchemy.exc import IntegrityError

from core.kit import Clock, Database, Transaction
from core.kit.platform import CacheVersions, SecretKeys, Unreadable, VersionedCache
from modules.auth.models import SigningKey
from modules.auth.queries import SIGNING_KEYS
from modules.auth.settings import AuthSettings

log = structlog.get_logger(__name__)

NAME = "auth_signing_keys"
PRINCIPALS = "principals"
"""The name that is invalidated by each change of a credential or its principal."""
PURPOSE = "auth.signing_key"
ALGORITHM = "ES256"
PARAMETERS: KeyParameters = {"use": "sig", "alg": ALGORITHM}
ROTATION_DELAY = timedelta(seconds=30)
"""An old key verifies for this extra time: another machine may sign with it after a rotation."""

RETIRE = (
    update(SigningKey)
    .where(SigningKey.verifies_until.is_(None))
    .values(verifies_until=bindparam("until"))
)


@dataclass(frozen=True, slots=True, eq=False)
class KeyRing:
    """All keys that verify tokens, by the encoded header of these; the first key signs."""

    keys: Mapping[str, ECKey]

    @property
    def signing(self) -> ECKey:
        return next(iter(self.keys.values()))

    def public(self) -> list[dict[str, str | list[str]]]:
        """Return the public keys as members of a JSON Web Key Set (RFC 7517)."""
        return [key.as_dict(private=False) for key in self.keys.values()]


class SigningKeys:
    def __init__(
        self,
        db: Database,
        cache_versions: CacheVersions,
        secrets: SecretKeys,
        clock: Clock,
        settings: AuthSettings,
    ) -> None:
        self._db, self._secrets, self._clock = db, secrets, clock
        self._verifies_for = settings.access_token_ttl + ROTATION_DELAY
        self._loading = Lock()
        self._known: VersionedCache[str, KeyRing] = VersionedCache(cache_versions, (NAME,), 1)

    async def ring(self) -> KeyRing:
        """Return the key ring; make a key if there is none. Call this outside of a transaction."""
        return self._known.get(NAME) or await self._known.fetch(NAME, self._load)

    async def prepare(self) -> None:
        """Make the first key, if there is none, before the service starts."""
        await self.ring()

    async def examine(self) -> str | None:
        """Return the advice of `atrium doctor` if a key cannot be read, else None."""
        rows = await self._rows()
        if len(self._open(rows).keys) == len(rows):
            return None
        return (
            "some cannot be read: put the SECRET_KEY they were made with into SECRET_KEY_PREVIOUS."
        )

    async def rotate(self, withdraw: bool = False) -> str:
        """Sign with a new key from now on; return its id.

        No session ends. With `withdraw`, for a key that has leaked, the tokens of the old keys are
        invalid at once, and every client has to refresh.
        """
        generation, key = latest_of(await self._rows()) + 1, new_key()
        async with self._db.transaction() as tx:
            if withdraw:
                await tx.session.execute(delete(SigningKey))
            await tx.execute(RETIRE, {"until": self._clock() + self._verifies_for})
            await self._insert(tx, generation, key)
            tx.invalidate(NAME, PRINCIPALS)
            await tx.record("auth.rotate_keys", (NAME, key.kid), all=withdraw)
        return str(key.kid)

    async def _load(self) -> KeyRing:
        async with self._loading:
            rows = await self._rows()
            if not (ring := self._open(rows)).keys:
                await self._make_first(latest_of(rows) + 1)
                ring = self._open(await self._rows())
        return ring

    async def _make_first(self, generation: int) -> None:
        """Add a key, unless another process that read the same rows has added one."""
        with suppress(IntegrityError):
            async with self._db.transaction() as tx:
                await self._insert(tx, generation, new_key())
                tx.invalidate(NAME)

    async def _rows(self) -> Sequence[SigningKey]:
        async with self._db.read() as reads:
            return await reads.all(SIGNING_KEYS)

    async def _insert(self, tx: Transaction, generation: int, key: ECKey) -> None:
        sealed = self._secrets.seal(PURPOSE, key.as_pem(private=True))
        now = self._clock()
        await tx.insert(SigningKey, generation=generation, sealed=sealed, created_at=now)

    def _open(self, rows: Sequence[SigningKey]) -> KeyRing:
        """Return the keys, without those of another SECRET_KEY; their tokens are then refused."""
        keys: dict[str, ECKey] = {}
        for row in rows:
            try:
                pem = self._secrets.unseal(PURPOSE, row.sealed)
            except Unreadable:
                log.warning("signing_key_unreadable", generation=row.generation)
                continue
            key = ECKey.import_key(pem, PARAMETERS)
            key.ensure_kid()
            keys[header_of(key)] = key
        return KeyRing(keys)


def latest_of(rows: Sequence[SigningKey]) -> int:
    return rows[0].generation if rows else 0


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", PARAMETERS, auto_kid=True)


def header_of(key: ECKey) -> str:
    """Return the encoded header of every token that this key signs (RFC 9068, section 2.1)."""
    header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(header, {}, key).partition(".")[0]
