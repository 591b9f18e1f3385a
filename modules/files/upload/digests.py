"""The digests that a client sends in `Content-Digest` and `Repr-Digest` (RFC 9530).

A request body has one representation, so the two mean the same here. Algorithms that RFC 9530 does
not list as active are ignored.
"""

from base64 import b64decode
from collections.abc import Iterable, Sequence
from hashlib import sha256, sha512
from hmac import compare_digest

from modules.files.errors import DigestMismatch

HEADERS = ("content-digest", "repr-digest")
SHA256 = "sha-256"
ALGORITHMS = {SHA256: sha256, "sha-512": sha512}

Claim = tuple[str, bytes]
"""An algorithm and the expected digest."""


class Digests:
    """The digests of bytes that are added one chunk after another."""

    def __init__(self, claims: Iterable[Claim], *others: str) -> None:
        """Compute the algorithms of the claims, and others."""
        self._claims = list(claims)
        names = {*others, *(name for name, _ in self._claims)}
        self._running = {name: ALGORITHMS[name]() for name in names}

    def update(self, data: bytes) -> None:
        for digest in self._running.values():
            digest.update(data)

    def check(self) -> None:
        """Compare the digests with the claims. Raises DigestMismatch."""
        for name, claimed in self._claims:
            if not compare_digest(self._running[name].digest(), claimed):
                raise DigestMismatch("The {algorithm} digest does not match.", algorithm=name)

    def in_hex(self, algorithm: str) -> str:
        return self._running[algorithm].hexdigest()


def claims_in(header: str) -> Sequence[Claim]:
    """Parse `sha-256=:…:, md5=:…:`. Raises DigestMismatch for a malformed active digest."""
    members = (member.partition("=") for member in header.split(",") if member.strip())
    return [
        (algorithm, digest_of(algorithm, value))
        for name, _, value in members
        if (algorithm := name.strip().lower()) in ALGORITHMS
    ]


def digest_of(algorithm: str, value: str) -> bytes:
    encoded = value.partition(";")[0].strip()
    if len(encoded) < 2 or not (encoded[0] == encoded[-1] == ":"):
        message = "Send {algorithm}=:…:, with the digest in base64."
        raise DigestMismatch(message, algorithm=algorithm)
    try:
        return b64decode(encoded[1:-1], validate=True)
    except ValueError:
        message = "The {algorithm} digest is not base64."
        raise DigestMismatch(message, algorithm=algorithm) from None


def claim_in_hex(text: str) -> Claim:
    """Parse the form field `checksum_sha256`. Raises DigestMismatch."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(text) != 64 or len(digest) != 32:
        raise DigestMismatch("A checksum_sha256 has 64 hexadecimal digits.")
    return SHA256, digest
