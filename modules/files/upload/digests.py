"""What a client says of the bytes it sends, in `Content-Digest` and `Repr-Digest` (RFC 9530).

A request body has one representation, so the two mean the same here. Algorithms that RFC 9530 does
not call active are passed over.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256, sha512
from hmac import compare_digest

from core.kernel.errors import error_at
from modules.files.errors import DigestMismatch

HEADERS = ("content-digest", "repr-digest")
ALGORITHMS = {"sha-256": sha256, "sha-512": sha512}

Claim = tuple[str, bytes]
"""An algorithm, and what the digest is to be."""


class Digests:
    """Fed with the bytes as they go by."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._claims = list(claims)
        self._running = {name: ALGORITHMS[name]() for name, _ in self._claims}

    def update(self, data: bytes) -> None:
        for each in self._running.values():
            each.update(data)

    def check(self) -> None:
        """Raises DigestMismatch."""
        for name, claimed in self._claims:
            if not compare_digest(self._running[name].digest(), claimed):
                raise DigestMismatch(f"Its {name} is another one.")


def claims_in(header: str) -> Sequence[Claim]:
    """`sha-256=:…:, md5=:…:`. Raises DigestMismatch for one of ours that cannot be read."""
    members = (each.partition("=") for each in header.split(",") if each.strip())
    return [
        (algorithm, digest_of(algorithm, value))
        for name, _, value in members
        if (algorithm := name.strip().lower()) in ALGORITHMS
    ]


def claims_in_headers(headers: Mapping[str, str]) -> Sequence[Claim]:
    """Raises DigestMismatch, which names the header."""
    claims: list[Claim] = []
    for name, value in headers.items():
        with error_at(f"header.{name.title()}"):
            claims += claims_in(value)
    return claims


def digest_of(algorithm: str, value: str) -> bytes:
    encoded = value.partition(";")[0].strip()
    if len(encoded) < 2 or not (encoded[0] == encoded[-1] == ":"):
        raise DigestMismatch(f"Write {algorithm}=:…:, with the digest in base64.")
    try:
        return b64decode(encoded[1:-1], validate=True)
    except ValueError:
        raise DigestMismatch(f"The {algorithm} digest is no base64.") from None


def claim_in_hex(text: str) -> Claim:
    """The form field `checksum_sha256`."""
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        digest = b""
    if len(text) != 64 or len(digest) != 32:
        raise DigestMismatch("A checksum_sha256 has 64 hexadecimal digits.")
    return "sha-256", digest
