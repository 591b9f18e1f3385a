"""Keys for each purpose, derived from SECRET_KEY; data of SECRET_KEY_PREVIOUS stays readable.

HKDF-SHA-256 (RFC 5869) derives 32 bytes for each purpose; AES-256-GCM seals, HMAC-SHA-256 signs
(ASVS 11.3, 11.4).
"""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from hmac import compare_digest, digest
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
MIN_SIGNATURE_LENGTH = 16


class Unreadable(Exception):
    """The data was sealed with an unknown key or for another purpose, or was changed."""


class SecretKeys:
    def __init__(self, secret_key: str, previous: Sequence[str] = ()) -> None:
        self._secrets = [secret.encode() for secret in (secret_key, *previous)]
        self._derived = cache(derive)

    def derive(self, purpose: str) -> bytes:
        """Return the 32 bytes of this purpose."""
        return self.derive_all(purpose)[0]

    def derive_all(self, purpose: str) -> list[bytes]:
        """Return the key of this purpose, followed by those of the previous secrets."""
        return [self._derived(secret, purpose) for secret in self._secrets]

    def seal(self, purpose: str, data: bytes) -> bytes:
        """Encrypt the data; only `unseal` with the same purpose decrypts it."""
        nonce = urandom(NONCE_BYTES)
        return nonce + AESGCM(self.derive(purpose)).encrypt(nonce, data, None)

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """Decrypt sealed data. Raises Unreadable."""
        for key in self.derive_all(purpose):
            try:
                return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
            except (InvalidTag, ValueError):
                continue
        raise Unreadable(purpose)

    def sign(self, purpose: str, data: bytes) -> bytes:
        return digest(self.derive(purpose), data, sha256)

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        """Return whether the signature is right.

        It may be truncated to at least 16 bytes (NIST SP 800-107, section 5.3.3).
        """
        if len(signature) < MIN_SIGNATURE_LENGTH:
            return False
        digests = (digest(key, data, sha256) for key in self.derive_all(purpose))
        return any(compare_digest(full[: len(signature)], signature) for full in digests)


def derive(secret: bytes, purpose: str) -> bytes:
    info = b"atrium:" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
