"""Responses that are sent while they are produced, in constant memory."""

from asyncio import Task, create_task
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Generic, TypeVar

from litestar import Response
from litestar.types import HTTPResponseBodyEvent, Receive, Scope, Send

from core.engine.http import Header
from core.engine.sql import without_statement_timeout
from core.web.context import http_context
from core.web.responses import encoded

T = TypeVar("T")
PIECE = 2**16  # bytes
NOT_KEPT: Header = (b"cache-control", b"no-store")


class StreamedResponse(Response[T], Generic[T]):
    """A response that sends the bytes of `pieces`; `T` is the type of the whole body.

    An error before the first piece becomes a problem. An error after it closes the connection, so
    that no client takes the part for the whole. The route must have `streamed=True`. The statement
    timeout does not apply to its statements.
    """

    def __init__(
        self,
        pieces: Callable[[], AsyncIterator[bytes]],
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._pieces = pieces
        self._fields = [(b"content-type", media_type.encode()), NOT_KEPT, *encoded({**headers})]

    def to_asgi_response(
        self, app: object, request: object, **_: object
    ) -> Any:  # Any: no ASGIResponse
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if http_context().method == "HEAD":
            return await send_head(send, 200, self._fields)
        with without_statement_timeout():
            await self._send_pieces(receive, send)

    async def _send_pieces(self, receive: Receive, send: Send) -> None:
        async with aclosing(gathered(self._pieces())) as pieces, client_watched(receive) as gone:
            first = await anext(pieces, b"")
            await send({"type": "http.response.start", "status": 200, "headers": self._fields})
            await send(part(first))
            async for piece in pieces:
                if gone.done():
                    return
                await send(part(piece))
        await send(part(b"", more_body=False))


async def gathered(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield larger pieces, because each one costs a system call and a packet."""
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        if len(waiting) >= PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


@asynccontextmanager
async def client_watched(receive: Receive) -> AsyncIterator[Task[None]]:
    """Yield a task that is done when the client disconnects, so that the response can stop."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    watch = create_task(gone())
    try:
        yield watch
    finally:
        watch.cancel()


async def send_head(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(part(b"", more_body=False))


def part(data: bytes, *, more_body: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": data, "more_body": more_body}
