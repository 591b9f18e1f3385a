"""Incomplete uploads: the connection is cut, the request is cancelled, or the process ends."""

import socket
import threading
from asyncio import CancelledError, Event, create_task, sleep, to_thread
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from litestar import Litestar

from core.kit import Schedule, StartupTask
from core.testing import TestUser
from modules.files.settings import StorageSettings
from modules.files.storage import Storage, in_thread
from tests.modules.files.uploads import FILES, FORM, Traces, form, part, send, upload

pytestmark = pytest.mark.anyio

BODY = form(part(b"0123456789" * 30_000))


def scope_of(user: TestUser) -> dict[str, Any]:
    """Return the scope of a request as the server creates it."""
    headers = {
        "host": "test",
        "authorization": user.client.headers["authorization"],
        "content-type": FORM,
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{FILES}/upload",
        "raw_path": f"{FILES}/upload".encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }


async def test_a_body_that_ends_early(user: TestUser, app: Litestar, traces: Traces) -> None:
    for tenth in range(10):
        for how in ({"type": "http.disconnect"}, {"type": "http.request", "body": b""}):
            messages = iter(
                [
                    {
                        "type": "http.request",
                        "body": BODY[: len(BODY) * tenth // 10],
                        "more_body": True,
                    },
                    how,
                ]
            )
            sent: list[Any] = []

            async def receive(messages: Iterator[Any] = messages) -> Any:
                return next(messages)

            async def answer(message: Any, sent: list[Any] = sent) -> None:
                sent.append(message)

            await app(scope_of(user), receive, answer)  # type: ignore[arg-type]
            assert sent[0]["status"] == 400, (tenth, how)
    assert await traces.all() == (set(), 0, [])


async def test_an_upload_that_is_cancelled(user: TestUser, app: Litestar, traces: Traces) -> None:
    for share in (0, len(BODY) // 2, len(BODY) - 1):
        waiting = Event()
        first = {"type": "http.request", "body": BODY[:share], "more_body": True}

        async def receive(messages: list[Any] = [first], waiting: Event = waiting) -> Any:  # noqa: B006
            if messages:
                return messages.pop()
            waiting.set()
            return await Event().wait()

        async def ignore(_: Any) -> None:
            pass

        request = create_task(app(scope_of(user), receive, ignore))  # type: ignore[arg-type]
        await waiting.wait()
        request.cancel()
        with pytest.raises(CancelledError):
            await request
    assert await traces.all() == (set(), 0, [])


async def test_a_sweep_takes_what_dead_processes_left(user: TestUser, traces: Traces) -> None:
    """The process ends at each step of an upload, which closes its file."""
    kept = await upload(user.client, b"kept")
    before = await traces.all()
    storage = Storage(traces.settings, StorageSettings())
    for steps in range(4):
        dead = storage.create()
        if steps > 0:
            dead.write(b"unfinished")
        if steps > 1:
            dead.keep()
        dead.release()
    assert len(traces.stored()) > len(before[0])
    [sweep] = traces.core.contributions().of(StartupTask, "files")
    await sweep.run()
    assert await traces.all() == before
    assert (await user.client.get(f"{FILES}/{kept['id']}/download")).content == b"kept"


async def test_a_sweep_keeps_what_was_committed_at_the_last_moment(
    user: TestUser, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died between the commit and the cleanup that follows."""
    with monkeypatch.context() as dying:
        dying.setattr("modules.files.storage.NewObject.settle", release)
        kept = await upload(user.client, b"kept")
    assert len(traces.stored()) == 2
    [sweep] = traces.core.contributions().of(StartupTask, "files")
    await sweep.run()
    assert len(traces.stored()) == 1
    assert (await user.client.get(f"{FILES}/{kept['id']}/download")).content == b"kept"


def release(upload: Any) -> None:
    upload.release()


async def test_a_sweep_never_touches_a_living_upload(user: TestUser, traces: Traces) -> None:
    [sweep] = traces.core.contributions().of(Schedule, "files")
    half, rest = BODY[: len(BODY) // 2], BODY[len(BODY) // 2 :]
    halfway, go_on = Event(), Event()

    async def body() -> AsyncIterator[bytes]:
        yield half
        yield b""
        halfway.set()
        await go_on.wait()
        yield rest

    sending = create_task(send(user.client, body()))
    await halfway.wait()
    await sweep.run()
    go_on.set()
    answer = await sending
    assert answer.status_code == 201
    content = await user.client.get(f"{FILES}/{answer.json()['id']}/download")
    assert len(content.content) == answer.json()["size"] == 300_000


@pytest.mark.fallbacks("refusal_audit")
async def test_a_commit_that_fails_leaves_nothing_for_long(
    user: TestUser, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of the commit is unknown at first; the next sweep removes the file."""
    monkeypatch.setattr("modules.files.service.uploads.MAX_COMMIT_S", 0)
    with monkeypatch.context() as broken:
        broken.setattr("core.engine.sql.connection_pool.ConnectionPool.commit", fail)
        answer = await send(user.client, form(part(b"x")))
    assert answer.status_code == 500
    await sleep(0.01)
    [sweep] = traces.core.contributions().of(StartupTask, "files")
    await sweep.run()
    assert await traces.all() == (set(), 0, [])


async def fail(*_: Any) -> None:
    raise OSError("the connection is gone")


async def test_work_in_a_thread_ends_before_its_cancellation_is_told() -> None:
    may_end, ended = threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait(10)
        ended.set()

    task = create_task(in_thread(work))
    for _ in range(3):  # for each repeated cancellation
        await sleep(0)
        task.cancel()
    assert not task.done()
    may_end.set()
    with pytest.raises(CancelledError):
        await task
    assert ended.is_set()


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[int]:
    """Yield the port of a real server."""
    config = uvicorn.Config(
        app, port=0, lifespan="off", log_config=None, log_level="critical", proxy_headers=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (it has no event for that)
        await sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def request_head(user: TestUser, *fields: str) -> bytes:
    authorization = f"Authorization: {user.client.headers['authorization']}"
    lines = [f"POST {FILES}/upload HTTP/1.1", "Host: test", authorization, f"Content-Type: {FORM}"]
    return "\r\n".join([*lines, *fields, "", ""]).encode()


def cut(port: int, data: bytes, *, reset: bool) -> None:
    """Send the data, then close or reset the connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        if reset:
            linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.sendall(data)


async def test_a_connection_that_is_cut(user: TestUser, app: Litestar, traces: Traces) -> None:
    head = request_head(user, f"Content-Length: {len(BODY)}")
    async with served(app) as port:
        for tenth in range(10):
            for reset in (False, True):
                await to_thread(cut, port, head + BODY[: len(BODY) * tenth // 10], reset=reset)
    assert await traces.all() == (set(), 0, [])


async def test_an_upload_that_is_too_large_is_not_invited(user: TestUser, app: Litestar) -> None:
    """The response is 413, without the 100 (Continue) that the client waits for."""

    def ask(port: int, length: int) -> bytes:
        head = request_head(user, f"Content-Length: {length}", "Expect: 100-continue")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head)
            return connection.recv(65536)

    async with served(app) as port:
        assert (await to_thread(ask, port, 2**30)).startswith(b"HTTP/1.1 413 ")
        assert (await to_thread(ask, port, len(BODY))).startswith(b"HTTP/1.1 100 ")
