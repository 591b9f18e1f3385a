"""Uploads that end before their end: cut off, cancelled, failing, or with their process."""

import os
import socket
import threading
from asyncio import CancelledError, Event, create_task, sleep, to_thread
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from errno import EACCES, EIO, EMFILE, ENOSPC, EROFS
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from litestar import Litestar

from core.kit import Schedule, StartupTask
from core.testing import TestUser
from modules.files.settings import StorageSettings
from modules.files.storage import Storage, in_thread
from tests.modules.files.uploads import (
    FILES,
    FORM,
    Traces,
    form,
    part,
    refusal,
    send,
    upload,
)

pytestmark = pytest.mark.anyio

BODY = form(part(b"0123456789" * 30_000))


def scope_of(user: TestUser) -> dict[str, Any]:
    """A request as the server would hand it over."""
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


class FailingSystem:
    """The system's functions as the storage sees them, of which one call fails."""

    def __init__(self, name: str, call: int, error: int) -> None:
        self._name, self._call, self._error = name, call, error
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return partial(self._maybe, real) if name == self._name else real

    def _maybe(self, real: Any, *arguments: Any) -> Any:
        self.calls += 1
        if self.calls == self._call:
            raise OSError(self._error, os.strerror(self._error))
        return real(*arguments)


@contextmanager
def failing(name: str, call: int, error: int) -> Iterator[FailingSystem]:
    system = FailingSystem(name, call, error)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("modules.files.storage.os", system)
        yield system


@pytest.mark.parametrize("name", ["write", "fsync", "link"])
async def test_whatever_call_fails_nothing_is_left(
    user: TestUser, traces: Traces, name: str
) -> None:
    """Until no call is left that could: then it is kept."""
    body = form(*2 * [part(b"x" * 10_000, name="files")])
    for call in range(1, 20):
        with failing(name, call, ENOSPC) as system:
            answer = await send(user.client, body, "upload-multiple")
        if system.calls < call:
            break
        assert refusal(answer) == (503, "files.storage_full"), call
        assert await traces.all() == (set(), 0, [])
    assert answer.status_code == 201 and call > 1


each_way_to_fail = pytest.mark.parametrize(
    ("name", "error"),
    [("fsync", EIO), ("write", EIO), ("open", EROFS), ("open", EMFILE), ("link", EACCES)],
)


@each_way_to_fail
async def test_a_disk_that_fails_is_no_clients_fault(
    user: TestUser, traces: Traces, monkeypatch: pytest.MonkeyPatch, name: str, error: int
) -> None:
    told: list[str] = []
    monkeypatch.setattr("modules.files.storage.log.error", lambda _, reason: told.append(reason))
    with failing(name, 1, error):
        answer = await send(user.client, form(part(b"x")))
    assert refusal(answer) == (503, "files.storage_down")
    assert int(answer.headers["retry-after"]) == 60
    assert os.strerror(error) not in answer.text
    assert await traces.all() == (set(), 0, [])
    assert [os.strerror(error) in each for each in told] == [True]


@pytest.mark.parametrize(
    ("kept", "digest", "answered"),
    [(False, None, (503, "files.storage_down")), (True, "sha-256=:QUJD:", 400), (True, None, 201)],
    ids=["failed", "refused", "kept"],
)
async def test_what_cannot_be_removed_now_is_left_to_the_sweep(
    user: TestUser, traces: Traces, kept: bool, digest: str | None, answered: Any
) -> None:
    """As when a disk goes read-only in the middle of an upload."""
    headers = {"content_digest": digest} if digest else {}
    with failing("write", 0 if kept else 1, EIO), pytest.MonkeyPatch.context() as broken:
        broken.setattr(Path, "unlink", read_only)
        answer = await send(user.client, form(part(b"x")), **headers)
    assert answered in (answer.status_code, refusal(answer) if answer.is_error else None)
    assert len(traces.stored()) == (2 if answer.is_success else 1)
    [sweep] = traces.core.contributions().of(StartupTask, "files")
    await sweep.run()
    assert len(traces.stored()) == int(answer.is_success)


def read_only(*_: object, **__: object) -> None:
    raise OSError(EROFS, os.strerror(EROFS))


async def test_what_cannot_be_opened_now_may_be_later(user: TestUser, traces: Traces) -> None:
    """Also when all of it is gone: a disk that is not mounted is no lost file."""
    path = f"{FILES}/{(await upload(user.client, b'kept'))['id']}/download"
    with failing("open", 1, EMFILE):
        answer = await user.client.get(path)
    assert refusal(answer) == (503, "files.storage_down")
    root = traces.settings.data_dir / "files"
    elsewhere = root.rename(root.with_name("unmounted"))
    assert refusal(await user.client.get(path)) == (503, "files.storage_down")
    elsewhere.rename(root)
    assert (await user.client.get(path)).content == b"kept"


async def test_a_sweep_takes_what_dead_processes_left(user: TestUser, traces: Traces) -> None:
    """At each step of an upload; closing the file is what the end of a process does to it."""
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
    """The process died between the commit and tidying up after it."""
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
    """Whether it came to be cannot be known at once; the sweep after it knows."""
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
    for _ in range(3):  # however often it is told
        await sleep(0)
        task.cancel()
    assert not task.done()
    may_end.set()
    with pytest.raises(CancelledError):
        await task
    assert ended.is_set()


@asynccontextmanager
async def served(app: Litestar) -> AsyncIterator[int]:
    """By a real server on a free port."""
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
    """Send so much, then hang up, politely or not."""
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
    """413 without the 100 that the client waits for before it sends."""

    def ask(port: int, length: int) -> bytes:
        head = request_head(user, f"Content-Length: {length}", "Expect: 100-continue")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head)
            return connection.recv(65536)

    async with served(app) as port:
        assert (await to_thread(ask, port, 2**30)).startswith(b"HTTP/1.1 413 ")
        assert (await to_thread(ask, port, len(BODY))).startswith(b"HTTP/1.1 100 ")
