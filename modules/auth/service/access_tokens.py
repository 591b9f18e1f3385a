"""Access tokens: JWTs signed with ES256 (RFC 9068), of one form only.

A token is verified once. Its claims never change, so they are cached until it expires. The state of
the session and the account can change, so it is not a part of the claims.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError

from config.settings import Settings
from core.kit import Clock
from core.kit.platform import LruDict
from modules.auth.service.digests import PAIR_LENGTH
from modules.auth.service.signing_keys import ALGORITHM, KeyRing, SigningKeys
from modules.auth.settings import AuthSettings

AUDIENCE = "atrium"
MAX_TOKEN_LENGTH = 2048
LEEWAY_S = 30  # the clock of another machine may be this much ahead
PARTS = re.compile(r"([\w-]+)\.[\w-]+\.[\w-]{85}[AQgw]", re.ASCII)
"""The signature is accepted in one base64url form only: no padding, unused bits are zero."""


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: UUID
    session_id: UUID
    expires_at: datetime
    header: str
    """The encoded header, which identifies the signing key."""
    pair: str
    """The id (`pair_of`) of the refresh token that was issued with it."""


class AccessTokens:
    def __init__(
        self, keys: SigningKeys, settings: Settings, auth_settings: AuthSettings, clock: Clock
    ) -> None:
        self._keys, self._clock, self._ttl = keys, clock, auth_settings.access_token_ttl
        self._ours = {"iss": settings.public_url, "aud": AUDIENCE, "client_id": AUDIENCE}
        self._verified: LruDict[str, Claims] = LruDict(10_000)

    def issue(
        self, ring: KeyRing, user_id: UUID, session_id: UUID, until: datetime, pair: str
    ) -> tuple[str, int]:
        """Return a token and its lifetime in seconds; a token never outlives its session.

        Read the ring before the transaction in which tokens are issued. The `jti` begins with the
        pair, which tells the use of this token from that of an older one.
        """
        key = ring.signing
        now = int(self._clock().timestamp())
        lifetime = min(int(self._ttl.total_seconds()), int(until.timestamp()) - now)
        about = {"sub": str(user_id), "sid": str(session_id), "jti": f"{pair}{token_hex(8)}"}
        claims = {**self._ours, **about, "iat": now, "exp": now + lifetime}
        protected = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(protected, claims, key, algorithms=[ALGORITHM]), lifetime

    async def verify(self, token: str) -> Claims | None:
        """Return the claims of a valid access token, and None for any other value (RFC 8725)."""
        ring = await self._keys.ring()
        claims = self._verified.get(token)
        if claims is None:
            if (claims := self._check(token, ring)) is None:
                return None
            self._verified.put(token, claims)
        good = claims.header in ring.keys and claims.expires_at > self._clock()
        return claims if good else None

    def _check(self, token: str, ring: KeyRing) -> Claims | None:
        """Verify the token. Its header is never parsed: it must equal the header of a known key."""
        parts = PARTS.fullmatch(token) if len(token) <= MAX_TOKEN_LENGTH else None
        key = ring.keys.get(parts[1]) if parts else None
        if not parts or key is None:
            return None
        try:
            stated = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            return self._read(stated, parts[1])
        except (JoseError, ValueError, TypeError, KeyError, OverflowError):
            return None

    def _read(self, stated: Mapping[str, object], header: str) -> Claims | None:
        """Raises KeyError, ValueError or TypeError for a missing or malformed claim."""
        if any(stated[name] != value for name, value in self._ours.items()):
            return None
        not_before = number(stated.get("nbf", 0))
        if max(number(stated["iat"]), not_before) > self._clock().timestamp() + LEEWAY_S:
            return None
        expires_at = datetime.fromtimestamp(number(stated["exp"]), UTC)
        user_id, session_id = UUID(text(stated["sub"])), UUID(text(stated["sid"]))
        return Claims(user_id, session_id, expires_at, header, text(stated["jti"])[:PAIR_LENGTH])


def number(claim: object) -> int:
    """Return a time in seconds. Raises TypeError for any other type, also for a bool."""
    if type(claim) is not int:
        raise TypeError(claim)
    return claim


def text(claim: object) -> str:
    if not isinstance(claim, str):
        raise TypeError(claim)
    return claim
