"""Several files in one request are stored in their order, all or none."""

from hashlib import sha256

import pytest

from core.testing import TestUser
from tests.modules.files.upload_parts import HEX, TEXT
from tests.modules.files.uploads import FILES, Traces, form, part, refusal, send

pytestmark = pytest.mark.anyio


async def test_several_files_keep_their_order(user: TestUser) -> None:
    sent = {f"{n}.txt": str(n).encode() for n in (3, 1, 2, 5, 4)}
    parts = [part(content, name, "files") for name, content in sent.items()]
    answer = await send(user.client, form(*parts), "upload-multiple")
    assert answer.status_code == 201
    assert [each["original_filename"] for each in answer.json()["files"]] == [*sent]
    for each in answer.json()["files"]:
        content = await user.client.get(f"{FILES}/{each['id']}/download")
        assert content.content == sent[each["original_filename"]]


async def test_each_of_several_files_has_its_own_checksum(user: TestUser) -> None:
    other = sha256(b"other").hexdigest().encode()
    fields = [part(HEX.encode(), None, "checksum_sha256"), part(other, None, "checksum_sha256")]
    good = form(fields[0], part(TEXT, name="files"), fields[1], part(b"other", name="files"))
    assert (await send(user.client, good, "upload-multiple")).status_code == 201
    bad = form(fields[1], part(TEXT, name="files"), fields[0], part(b"other", name="files"))
    answer = await send(user.client, bad, "upload-multiple")
    assert refusal(answer) == (400, "files.digest_mismatch")


LAST_IS_WRONG = {
    "its kind": part(TEXT, "a.exe", "files"),
    "its content": part(TEXT, "a.png", "files"),
    "its name": part(TEXT, "a.txt.", "files"),
    "its field": part(TEXT, "a.txt", "file"),
}


async def test_all_of_several_files_are_stored_or_none(user: TestUser, traces: Traces) -> None:
    for what, last in LAST_IS_WRONG.items():
        body = form(*4 * [part(TEXT, name="files")], last)
        answer = await send(user.client, body, "upload-multiple")
        assert answer.status_code == 400, what
        place = "body.file" if what == "its field" else "body.files.4"
        assert [each["location"] for each in answer.json()["errors"]] == [place], what
    assert await traces.all() == (set(), 0, [])


async def test_more_files_than_one_request_may_have(user: TestUser, traces: Traces) -> None:
    answer = await send(user.client, form(*6 * [part(TEXT, name="files")]), "upload-multiple")
    assert (refusal(answer), answer.json()["errors"][0]["code"]) == (
        (400, "http.invalid"),
        "too_many",
    )
    assert await traces.all() == (set(), 0, [])
