"""Uploads that pause in the middle until the test continues them."""

from asyncio import Event, timeout
from collections.abc import AsyncIterator
from typing import Any

from httpx import AsyncClient, Response

from tests.modules.files.uploads import FILES, FORM, form, part

CHUNK = 20_000
BODY = form(part(b"x" * 900_000))


class Slow:
    """A body whose first 800,000 bytes are sent at once, and the rest when the test allows it."""

    def __init__(self) -> None:
        self.last, self.begun = Event(), Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, 800_000, CHUNK):
            yield BODY[start : start + CHUNK]
        self.begun.set()
        await self.last.wait()
        yield BODY[800_000:]


async def begun(body: Slow) -> None:
    async with timeout(20):
        await body.begun.wait()


async def start(client: AsyncClient, body: Any, declared: bool) -> Response:
    length = {"content-length": str(len(BODY))} if declared else {}
    headers = {"content-type": FORM, **length}
    async with timeout(30):
        return await client.post(f"{FILES}/upload", content=body, headers=headers)
