"""Cursors of lists: opaque to the client, signed, and valid for one list and query only."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from core.kernel.errors import FieldError, InvalidInput
from core.kernel.pages import Key
from core.security.secrets import SecretKeys

PURPOSE = "cursors"
SIGNATURE_BYTES = 16


class Cursors:
    def __init__(self, secrets: SecretKeys) -> None:
        self._secrets = secrets

    def seal(self, key: Key, binding: str) -> str:
        payload = json.dumps(key, separators=(",", ":")).encode()
        signature = self._secrets.sign(PURPOSE, binding.encode() + payload)[:SIGNATURE_BYTES]
        return urlsafe_b64encode(signature + payload).decode().rstrip("=")

    def open(self, text: str, binding: str) -> Key:
        """Return the key. Raises InvalidInput for a cursor that is forged or of another list."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            raise refused() from None
        signature, payload = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not self._secrets.verify(PURPOSE, binding.encode() + payload, signature):
            raise refused()
        return tuple(json.loads(payload))


def refused() -> InvalidInput:
    message = "Send the cursor of the previous response, with the same sort, search and filters."
    return InvalidInput([FieldError("query.cursor", message, "cursor")])
