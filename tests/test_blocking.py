"""The watch over the event loop reports application code that blocks it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from core.testing import TestUser
from modules.files.storage import Storage
from tests.modules.files.uploads import upload

pytestmark = pytest.mark.parametrize("backend", ["sqlite"])


AT_ONCE = """
async def at_once(work, *arguments):
    return work(*arguments)
"""


def at_once() -> Callable[..., Any]:
    """Return a function in place of `in_thread`, as the calls of this file are not reported."""
    made: dict[str, Any] = {}
    exec(compile(AT_ONCE, "<at once>", "exec"), made)  # noqa: S102 (a constant)
    return cast(Callable[..., Any], made["at_once"])


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("modules.files.upload.body", "os.fsync"),
        ("modules.files.service.uploads", "os.remove"),
        ("modules.files.service.contents", "open"),
    ],
)
async def test_what_a_request_and_a_callback_of_its_commit_do_to_files(
    place: str,
    call: str,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
    blocking_calls: list[str],
) -> None:
    monkeypatch.setattr(f"{place}.in_thread", at_once())
    file = await upload(user.client)
    await user.client.get(f"/api/v1/files/{file['id']}/download")

    assert any(each.startswith(call) for each in blocking_calls), blocking_calls
    blocking_calls.clear()


async def test_the_last_close_of_a_file_that_has_been_removed(
    user: TestUser, monkeypatch: pytest.MonkeyPatch, blocking_calls: list[str]
) -> None:
    """The close frees the blocks, which takes long for a large file."""
    monkeypatch.setattr("modules.files.storage.in_thread", at_once())
    opening = Storage.open

    def removed_meanwhile(storage: Storage, key: str) -> Any:
        found = opening(storage, key)
        storage.remove([key])
        return found

    monkeypatch.setattr(Storage, "open", removed_meanwhile)
    file = await upload(user.client)
    await user.client.get(f"/api/v1/files/{file['id']}/download")

    assert blocking_calls and "removed file" in blocking_calls[-1]
    blocking_calls.clear()


async def test_what_the_test_itself_does_is_not_told(
    user: TestUser, tmp_path: Path, blocking_calls: list[str]
) -> None:
    (tmp_path / "of the test").write_text("x")
    os.stat(tmp_path)
    await user.client.get("/api/v1/users/me")

    assert blocking_calls == []
