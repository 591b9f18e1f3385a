"""Uploads to a disk that fails leave no data."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, EIO, EMFILE, ENOSPC, EROFS
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.kit import StartupTask
from core.testing import TestUser
from tests.modules.files.uploads import FILES, Traces, form, part, refusal, send, upload

pytestmark = pytest.mark.anyio


class FailingSystem:
    """The system functions that the storage calls, of which one call fails."""

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
    """Each call fails in turn; the upload is stored when all calls have succeeded."""
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
    """The disk becomes read-only in the middle of an upload."""
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
    """The files may all be absent: a file on a disk that is not mounted is not lost."""
    path = f"{FILES}/{(await upload(user.client, b'kept'))['id']}/download"
    with failing("open", 1, EMFILE):
        answer = await user.client.get(path)
    assert refusal(answer) == (503, "files.storage_down")
    root = traces.settings.data_dir / "files"
    elsewhere = root.rename(root.with_name("unmounted"))
    assert refusal(await user.client.get(path)) == (503, "files.storage_down")
    elsewhere.rename(root)
    assert (await user.client.get(path)).content == b"kept"
