"""A short text as an upload, and its checksums in the forms of the API."""

from base64 import b64encode
from hashlib import md5, sha256, sha512

from tests.modules.files.uploads import part

TEXT = b"some text"
HEX = sha256(TEXT).hexdigest()


def digest(content: bytes, algorithm: str = "sha-256") -> str:
    made = {"sha-256": sha256, "sha-512": sha512, "md5": md5}[algorithm](content).digest()
    return f"{algorithm}=:{b64encode(made).decode()}:"


def fields(count: int, size: int) -> list[bytes]:
    return [part(b"x" * size, None, f"field-{n}") for n in range(count)]
