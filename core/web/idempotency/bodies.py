"""The `receive` and the `send` of a request with an idempotency key."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from litestar.types import Message, Receive, ReceiveMessage

from core.engine.http import Header
from core.web.http_errors import BodyTooLarge
from core.web.idempotency.fingerprint import Fingerprint
from core.web.idempotency.store import StoredResponse

MAX_STORED_BYTES = 256 * 1024  # bytes; a body that is not streamed is no larger


async def nothing() -> None:
    pass


class HashingReceive:
    """The `receive` of the application: it hashes the body, and calls `when_read` at its end."""

    def __init__(
        self,
        receive: Receive,
        fingerprint: Fingerprint,
        when_read: Callable[[], Awaitable[None]] = nothing,
    ) -> None:
        self._receive, self.fingerprint, self._when_read = receive, fingerprint, when_read
        self._ahead: list[ReceiveMessage] = []
        self.read = False

    async def __call__(self) -> ReceiveMessage:
        return self._ahead.pop(0) if self._ahead else await self._next()

    async def read_ahead(self) -> None:
        """Read the whole body now. Raises BodyTooLarge if no handler would accept it."""
        ahead: list[ReceiveMessage] = []
        size = 0
        while not self.read:
            ahead.append(message := await self._next())
            if message["type"] != "http.request":
                break
            size += len(message.get("body", b""))
            if size > MAX_STORED_BYTES:
                raise BodyTooLarge
        self._ahead = ahead

    async def skip(self) -> None:
        """Read the body for its fingerprint only."""
        while not self.read and (await self._next())["type"] == "http.request":
            pass

    async def _next(self) -> ReceiveMessage:
        message = await self._receive()
        if message["type"] == "http.request":
            self.fingerprint.update(message.get("body", b""))
            if not message.get("more_body") and not self.read:
                self.read = True
                await self._when_read()
        return message


class BufferedSend:
    """The `send` of the application: it holds the response back until the commit."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status, self._headers, self._body = 0, list[Header](), b""

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = [(name.lower(), value) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    def stored(self, fingerprint: Fingerprint, person_id: UUID | None) -> StoredResponse:
        digest = fingerprint.digest()
        return StoredResponse(self.status, self._headers, self._body, digest, person_id)
