"""A small application behind the outermost layer; each path does what a route may do."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from time import sleep
from types import SimpleNamespace
from typing import Any

from core.engine.http.client_ip import ClientIp
from core.engine.http.lifecycle import Lifecycle
from core.engine.http.request_validator import RequestValidator
from core.kernel.errors import Forbidden
from core.web.catalogues import Catalogues
from core.web.middleware import RequestMiddleware
from core.web.problems import Problems
from core.web.security_headers import SecurityHeaders

PIECE = 65_536
lifecycle = Lifecycle()
marked: list[str] = []
most_waiting = 0
"""The greatest number of waiting pipelined requests; the protocol of the tests counts them."""


class Unwanted(Forbidden):
    code = "test.unwanted"
    title = "This body is not wanted."


async def handle(scope: Any, receive: Any, send: Any) -> None:
    path, _, argument = scope["path"].strip("/").partition("/")
    if path == "fail":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("out of order")
    body = await ANSWERS.get(path, process_id)(argument, receive)
    fields = [(b"content-length", b"%d" % len(body))] if path != "unsized" else []
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    step = PIECE if path == "pieces" else len(body) or 1
    for start in range(0, len(body), step):
        piece = body[start : start + step]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def process_id(argument: str, receive: Any) -> bytes:
    return str(os.getpid()).encode()


async def slow(argument: str, receive: Any) -> bytes:
    await receive()
    await asyncio.sleep(float(argument))
    return b"slow"


async def hang(argument: str, receive: Any) -> bytes:
    """Block the thread, which cannot be cancelled."""
    await receive()
    await asyncio.to_thread(sleep, float(argument))
    return b"hung"


async def refuse(argument: str, receive: Any) -> bytes:
    raise Unwanted


async def unsized(argument: str, receive: Any) -> bytes:
    return argument.encode()


async def much(argument: str, receive: Any) -> bytes:
    return bytes(int(argument))


async def mark(argument: str, receive: Any) -> bytes:
    marked.append(argument)
    return b"marked"


async def seen(argument: str, receive: Any) -> bytes:
    return " ".join(marked).encode()


async def stopping(argument: str, receive: Any) -> bytes:
    return str(lifecycle.stopping).encode()


async def waiting(argument: str, receive: Any) -> bytes:
    return str(most_waiting).encode()


async def echo(argument: str, receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away")
        body, more = body + message["body"], message["more_body"]
    return body


ANSWERS: dict[str, Callable[[str, Any], Awaitable[bytes]]] = {
    "echo": echo, "hang": hang, "mark": mark, "much": much, "pieces": much, "refuse": refuse,
    "seen": seen, "slow": slow, "stopping": stopping, "unsized": unsized, "waiting": waiting,
}  # fmt: skip


class SmallApplication:
    """The part of an application that the server uses: lifespan, responses and `state`."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(lifecycle=lifecycle)
        self._handle = RequestMiddleware(
            handle,
            for_browsers=handle,
            admission=RequestValidator(["test"], ["/echo/health"]),
            client_ip=ClientIp([]),
            problems=Problems("http://test", Catalogues()),
            count_unmatched=nothing,
            security_headers=SecurityHeaders(tls=False),
            lifecycle=self.state.lifecycle,
            audit_refusal=nothing,
            observers=(),
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._handle(scope, receive, send)
            return
        for stage in ("startup", "shutdown"):
            await receive()
            if os.environ.get("FAIL_AT") == stage:
                raise RuntimeError(f"no {stage}")
            await send({"type": f"lifespan.{stage}.complete"})
        print("closed", flush=True)


async def nothing(*_: Any) -> None:
    pass
