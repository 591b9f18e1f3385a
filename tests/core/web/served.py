"""A small application behind our outermost layer, and a process that serves it as ours is served."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from core.kernel.errors import TooLarge
from core.web.admission import Admission
from core.web.client_address import ClientAddress
from core.web.lifecycle import Lifecycle
from core.web.middleware import RequestMiddleware
from core.web.problems import Problems
from core.web.protocol import HttpProtocol
from core.web.security_headers import SecurityHeaders
from core.web.server import Options, serve


class BodyTooLong(TooLarge):
    code = "test.too_long"
    title = "The body is too long."


class Impatient(HttpProtocol):
    """The same protocol, in a hurry."""

    max_connections = 20
    excess_timeout = 0.2
    header_timeout = 0.3
    keep_alive_timeout = 0.5
    body_timeout = 0.3
    slow_window = 0.6
    linger_timeout = 0.5


async def handle(scope: Any, receive: Any, send: Any) -> None:
    """Each path is something a route may do with its request."""
    path, _, argument = scope["path"].strip("/").partition("/")
    if path == "slow":
        await asyncio.sleep(float(argument))
    if path == "hang":
        await asyncio.to_thread(__import__("time").sleep, float(argument))
    if path == "refuse":
        raise BodyTooLong
    if path == "mark":
        Seen.paths.append(argument)
    answers = {"echo": lambda: read_all(receive), "seen": as_bytes(" ".join(Seen.paths))}
    body = await answers.get(path, as_bytes(str(os.getpid())))()
    fields = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": body})


class Seen:
    paths: list[str] = []  # noqa: RUF012


def as_bytes(text: str) -> Any:
    async def answer() -> bytes:
        return text.encode()

    return answer


async def read_all(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client went away")
        body, more = body + message["body"], message["more_body"]
    return body


class Application:
    """What the server sees of one: it is opened and closed, answers, and has a `state`."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(lifecycle=Lifecycle())
        self._handle = RequestMiddleware(
            handle,
            admission=Admission(["test"]),
            client_address=ClientAddress([]),
            problems=Problems("http://test"),
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


async def nothing(context: Any) -> None:
    pass


def greet(address: str) -> None:
    print(address, flush=True)


@dataclass(frozen=True)
class Serving:
    process: "subprocess.Popen[str]"
    port: int


@contextmanager
def served(*arguments: str, **environ: str) -> Iterator[Serving]:
    """In a process of its own: `--patient`, `--workers=2`, `--grace=1`, `--reload=DIR`."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.core.web.served", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environ,
    )
    assert process.stdout
    try:
        yield Serving(process, int(process.stdout.readline().rpartition(":")[2] or 0))
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def main(arguments: list[str]) -> int:
    given = dict(argument.lstrip("-").partition("=")[::2] for argument in arguments)
    options = Options(
        "tests.core.web.served:Application",
        reload_dirs=tuple(filter(None, [given.get("reload")])),
        protocol=HttpProtocol if "patient" in given else Impatient,
        grace_s=int(given.get("grace", 25)),
    )
    return serve(
        options, "127.0.0.1", int(given.get("port", 0)), int(given.get("workers", 1)), greet
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
