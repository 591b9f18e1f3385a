"""The `receive` and the `send` of a request with an idempotency key."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar.types import Receive

from core.web.idempotency.fingerprint import Fingerprint
from core.web.idempotency.store import StoredResponse
from core.web.problems import BodyTooLarge

MAX_STORED_BYTES = 256 * 1024  # bytes; a body that is not streamed is no larger


async def nothing() -> None:
    pass


class HashingReceive:
    """The `receive` of the application: it hashes the body, and calls `when_read` at its end."""

    def __init__(self, receive: Receive, fingerprint: Fingerprint) -> None:
        self._receive, self._fingerprint = receive, fingerprint
        self._ahead: list[Any] = []
        self.when_read: Callable[[], Awaitable[None]] = nothing
        self.read = False

    @property
    def digest(self) -> str:
        return self._fingerprint.digest()

    def matches(self, digest: str) -> bool:
        return self._fingerprint.matches(digest)

    async def __call__(self) -> Any:
        return self._ahead.pop(0) if self._ahead else await self._next()

    async def read_ahead(self) -> None:
        """Read the whole body now. Raises BodyTooLarge if no handler would accept it."""
        ahead: list[Any] = []
        size = 0
        while not self.read:
            ahead.append(message := await self._next())
            size += len(message.get("body", b""))
            if size > MAX_STORED_BYTES:
                raise BodyTooLarge
            if message["type"] != "http.request":
                break
        self._ahead = ahead

    async def skip(self) -> None:
        """Read the body for its fingerprint only."""
        while not self.read and (await self._next())["type"] == "http.request":
            pass

    async def _next(self) -> Any:
        message = await self._receive()
        if message["type"] == "http.request":
            self._fingerprint.update(message.get("body", b""))
            if not message.get("more_body") and not self.read:
                self.read = True
                await self.when_read()
        return message


class BufferedSend:
    """The `send` of the application: it holds the response back until the commit."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"] if self.messages else 0
        return status

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def stored(self, fingerprint: str, person_id: UUID | None) -> StoredResponse:
        start, *parts = self.messages
        headers = [(bytes(name).lower(), bytes(value)) for name, value in start["headers"]]
        body = b"".join(part.get("body", b"") for part in parts)
        return StoredResponse(self.status, headers, body, fingerprint, person_id)
