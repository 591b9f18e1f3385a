"""The digests under which generated secrets are stored."""

from hashlib import sha256


def digest_of(secret: str) -> bytes:
    """Return the digest of 256 random bits, which need no slow hash (ASVS 11.4.2)."""
    return sha256(secret.encode()).digest()


PAIR_LENGTH = 16


def pair_of(refresh_token: str) -> str:
    """Return the id of a refresh token in the `jti` of the access tokens issued with it."""
    return digest_of(refresh_token).hex()[:PAIR_LENGTH]
