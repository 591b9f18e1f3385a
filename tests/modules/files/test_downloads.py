"""Downloads: who may read a file, and which bytes are sent."""

from base64 import b64encode
from email.parser import BytesParser
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import pytest
from httpx import AsyncClient, Response

from core.testing import TestUser
from modules.files.settings import StorageSettings
from modules.files.storage import Storage
from tests.modules.files.uploads import FILES, GIF, JPEG, PDF, PNG, Traces, refusal, upload

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(48, 58)) * 10
SIZE = len(CONTENT)
TAG = f'"{sha256(CONTENT).hexdigest()}"'


async def uploaded(user: TestUser, content: bytes = CONTENT, name: str = "a.txt") -> str:
    return f"{FILES}/{(await upload(user.client, content, name))['id']}/download"


async def opened(user: TestUser, content: bytes = CONTENT, name: str = "a.txt") -> str:
    path = await uploaded(user, content, name)
    public = await user.client.patch(path.removesuffix("/download"), json={"visibility": "public"})
    assert public.status_code == 200
    return path


async def test_a_private_file_is_its_owners(
    user: TestUser, other_user: TestUser, admin: TestUser, client: AsyncClient
) -> None:
    path = await uploaded(user)
    nowhere = f"{FILES}/01938a5e-0000-7000-8000-000000000000/download"
    for method in ("GET", "HEAD"):
        for who, there in ((other_user.client, (404, 404)), (client, (401, 401))):
            for headers in ({}, {"range": "bytes=0-"}, {"if-none-match": "*"}):
                each = [
                    (await who.request(method, at, headers=headers)).status_code
                    for at in (path, nowhere)
                ]
                assert tuple(each) == there
    assert refusal(await admin.client.get(path)) == (403, "files.content_not_yours")
    assert (await user.client.get(path)).content == CONTENT


async def test_a_public_file_is_everyones_but_not_what_is_known_of_it(
    user: TestUser, other_user: TestUser, client: AsyncClient
) -> None:
    path = await opened(user)
    for who in (user.client, other_user.client, client):
        answer = await who.get(path)
        assert (answer.status_code, answer.content) == (200, CONTENT)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    about = path.removesuffix("/download")
    assert (await client.get(about)).status_code == 401
    assert (await other_user.client.get(about)).status_code == 404
    assert (await other_user.client.delete(about)).status_code == 404
    bad = await client.get(path, headers={"authorization": "Bearer nonsense"})
    assert refusal(bad) == (401, "http.invalid_token")


async def test_every_download_says_what_it_is(user: TestUser) -> None:
    path = await uploaded(user, name="Übung 1.txt")
    answer = await user.client.get(path)
    digest = b64encode(sha256(CONTENT).digest()).decode()
    expected = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache, no-transform",
        "content-disposition": 'attachment; filename="_bung 1.txt"; '
        "filename*=UTF-8''%C3%9Cbung%201.txt",
        "content-length": str(SIZE),
        "content-type": "application/octet-stream",
        "cross-origin-resource-policy": "same-origin",
        "etag": TAG,
        "repr-digest": f"sha-256=:{digest}:",
        "x-content-type-options": "nosniff",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "content-encoding" not in answer.headers
    head = await user.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert {name: head.headers[name] for name in expected} == expected
    assert head.headers["last-modified"] == answer.headers["last-modified"]


async def test_a_name_cannot_leave_its_header(user: TestUser) -> None:
    for sent, name in (
        ("a%22b.txt", 'a"b.txt'),
        ("50%.txt", "50%.txt"),
        ("한글.txt", "한글.txt"),
        ("a;b.txt", "a;b.txt"),
    ):
        path = await uploaded(user, name=sent)
        field = (await user.client.get(path)).headers["content-disposition"]
        plain, _, exact = field.partition("; filename*=UTF-8''")
        assert plain.count('"') == 2 and plain.isascii()
        assert unquote(exact) == name or plain == f'attachment; filename="{name}"'


async def test_only_images_are_shown_in_place(user: TestUser) -> None:
    shown = {"a.png": PNG, "a.jpg": JPEG, "a.gif": GIF}
    for name, content in (shown | {"a.pdf": PDF, "a.txt": b"<script>"}).items():
        path = await uploaded(user, content, name)
        plain = await user.client.get(path)
        inline = await user.client.get(f"{path}?inline=true")
        assert plain.headers["content-type"] == "application/octet-stream"
        assert plain.headers["content-disposition"].startswith("attachment")
        kind = inline.headers["content-type"].partition("/")[0]
        disposition = inline.headers["content-disposition"].partition(";")[0]
        assert (kind, disposition) == (
            ("image", "inline") if name in shown else ("application", "attachment")
        )
        assert "sandbox" in inline.headers["content-security-policy"]
    assert (await user.client.get(f"{path}?inline=maybe")).status_code == 400


RANGES = {
    "bytes=0-0": "0",
    "bytes=0-9": "0-9",
    "bytes=95-": "95-99",
    "bytes=-5": "95-99",
    "bytes=-1000": "0-99",
    "bytes=90-1000": "90-99",
    "bytes=99-99": "99",
    "Bytes = 1-2": "1-2",
    "bytes=0-99999999999999999999999": "0-99",
    "bytes=00000000000000000000001-2": "1-2",
    "bytes=0-9,5-20": "0-20",
    "bytes=10-19,0-9": "0-19",
    "bytes=,0-1,": "0-1",
    "bytes=0-1, 200-300": "0-1",
    "bytes=0-1,10-11": "0-1 10-11",
    "bytes=10-11,-1,0-0": "0 10-11 99",
    "bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(8)): "0 10 20 30 40 50 60 70",
    "bytes=" + ",".join(f"{n * 10}-{n * 10}" for n in range(9)): "all",
    "bytes=" + ",".join(4000 * ["0-"]): "all",
    "bytes=" + "9" * 8000 + "-": "none",
    "bytes=100-": "none",
    "bytes=100-200,300-": "none",
    "bytes=-0": "none",
    "bytes=9-0": "all",
    "bytes=0-1,9-0": "all",
    "bytes=a-b": "all",
    "bytes=-": "all",
    "bytes=1": "all",
    "bytes=": "all",
    "bytes": "all",
    "bytes=٠-١": "all",
    "bytes=+1-2": "all",
    "items=0-1": "all",
    "": "all",
}


def spans_of(answer: Response) -> str:
    """Return the sent ranges in the notation of the table, after a comparison of their bytes."""
    if answer.status_code == 416:
        assert answer.headers["content-range"] == f"bytes */{SIZE}"
        assert answer.json()["code"] == "files.range_not_satisfiable"
        return "none"
    assert int(answer.headers["content-length"]) == len(answer.content)
    if answer.status_code == 200:
        assert answer.content == CONTENT and "content-range" not in answer.headers
        return "all"
    assert answer.status_code == 206
    if not answer.headers["content-type"].startswith("multipart/byteranges"):
        return span(answer.headers["content-range"], answer.content)
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + answer.content).get_payload()
    return " ".join(span(each["content-range"], each.get_payload().encode()) for each in parts)


def span(content_range: str, content: bytes) -> str:
    unit, _, rest = content_range.partition(" ")
    written, _, size = rest.partition("/")
    first, _, last = written.partition("-")
    assert (unit, int(size)) == ("bytes", SIZE)
    assert content == CONTENT[int(first) : int(last) + 1]
    return first if first == last else written


async def test_ranges_are_sent_as_requested(user: TestUser) -> None:
    path = await uploaded(user)
    for asked, expected in RANGES.items():
        headers = {b"range": asked.encode()}
        answer = await user.client.get(path, headers=headers)
        assert spans_of(answer) == expected, asked[:80]
        if answer.is_success:
            assert answer.headers["etag"] == TAG
        head = await user.client.head(path, headers=headers)
        assert (head.status_code, head.headers["content-length"]) == (200, str(SIZE))


async def test_ranges_of_an_empty_file_are_ignored(user: TestUser) -> None:
    path = await uploaded(user, b"")
    for asked in (None, "bytes=0-", "bytes=-5", "bytes=7-9", "bytes=0-0,2-3"):
        answer = await user.client.get(path, headers={"range": asked} if asked else {})
        assert (answer.status_code, answer.headers["content-length"]) == (200, "0"), asked
        assert "content-range" not in answer.headers


async def test_a_range_only_if_it_is_still_the_same(user: TestUser) -> None:
    path = await uploaded(user)
    modified = (await user.client.get(path)).headers["last-modified"]
    for condition, status in {
        TAG: 206,
        modified: 206,
        f"W/{TAG}": 200,
        '"other"': 200,
        "Mon, 01 Jan 2001 00:00:00 GMT": 200,
        "garbage": 200,
    }.items():
        headers = {"range": "bytes=0-9", "if-range": condition}
        answer = await user.client.get(path, headers=headers)
        assert answer.status_code == status, condition
        assert answer.content == CONTENT[: 10 if status == 206 else SIZE]


async def test_bytes_that_the_client_has_are_not_sent(user: TestUser, traces: Traces) -> None:
    path = await uploaded(user)
    modified = (await user.client.get(path)).headers["last-modified"]
    old, garbage = "Mon, 01 Jan 2001 00:00:00 GMT", "yesterday"
    [stored] = traces.stored()
    (traces.settings.data_dir / "files" / stored).unlink()  # so each read of the bytes fails
    for headers in (
        {"if-none-match": TAG},
        {"if-none-match": f'"x", W/{TAG}'},
        {"if-none-match": "*"},
        {"if-modified-since": modified},
        {"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"if-none-match": TAG, "if-modified-since": old, "range": "bytes=0-1"},
    ):
        for method in ("GET", "HEAD"):
            answer = await user.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.content) == (304, b""), headers
            assert answer.headers["etag"] == TAG
            assert "sandbox" in answer.headers["content-security-policy"]
    for headers in (
        {"if-none-match": '"other"'},
        {"if-modified-since": old},
        {"if-modified-since": garbage},
        {"if-none-match": '"other"', "if-modified-since": modified},
    ):
        assert (await user.client.head(path, headers=headers)).status_code == 200, headers


async def test_a_condition_that_fails(user: TestUser) -> None:
    path = await uploaded(user)
    old = {"if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    for headers in ({"if-match": '"other"'}, {"if-match": 'W/"other"'}, old):
        assert (await user.client.get(path, headers=headers)).status_code == 412, headers
    for headers in ({"if-match": TAG}, {"if-match": "*"}, {"if-match": TAG} | old):
        assert (await user.client.get(path, headers=headers)).status_code == 200, headers


async def test_content_that_the_storage_lost_is_no_half_answer(
    user: TestUser, traces: Traces
) -> None:
    path = await uploaded(user)
    [stored] = traces.stored()
    place = traces.settings.data_dir / "files" / stored
    place.write_bytes(CONTENT[:-1])
    assert refusal(await user.client.get(path)) == (500, "files.content_lost")
    place.unlink()
    assert refusal(await user.client.get(path)) == (500, "files.content_lost")
    assert (await user.client.head(path)).status_code == 200


async def test_deletion_does_not_cut_a_reader_off(user: TestUser, traces: Traces) -> None:
    content = b"0123456789" * 100_000
    file = await upload(user.client, content)
    storage = Storage(traces.settings, StorageSettings())
    [stored] = traces.stored()
    reading = storage.open(stored.rpartition("/")[2])
    try:
        await user.client.delete(f"{FILES}/{file['id']}")
        await traces.core.relay().deliver_all()
        assert traces.stored() == set()
        assert await reading.read(range(len(content))) == content
    finally:
        await reading.aclose()
    assert (await user.client.get(f"{FILES}/{file['id']}/download")).status_code == 404
