"""How secrets of our own making are kept."""

from hashlib import sha256


def digest_of(secret: str) -> bytes:
    """Of 256 random bits, which need no slow hash (ASVS 11.4.2)."""
    return sha256(secret.encode()).digest()
