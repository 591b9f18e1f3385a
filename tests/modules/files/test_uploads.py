"""Uploads that are accepted and uploads that are refused; a refusal leaves nothing."""

from hashlib import sha256

import pytest
from httpx import AsyncClient

from core.testing import TestUser
from tests.modules.files.upload_parts import HEX, TEXT, digest, fields
from tests.modules.files.uploads import (
    BOUNDARY,
    FILES,
    FORM,
    GIF,
    JPEG,
    PDF,
    PNG,
    Traces,
    docx,
    form,
    in_pieces,
    part,
    raw_part,
    refusal,
    send,
    upload,
)

pytestmark = pytest.mark.anyio


async def test_an_anonymous_caller_is_refused_before_the_body_is_read(client: AsyncClient) -> None:
    answer = await send(client, form(part(TEXT)))
    assert refusal(answer) == (401, "http.not_signed_in")


async def test_an_upload_is_told_as_it_was_kept(user: TestUser, traces: Traces) -> None:
    answer = await send(user.client, form(part(PNG, "Holiday Photo.PNG")))
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["location"].endswith(f"{FILES}/{body['id']}")
    assert body | {"id": 0, "created_at": 0, "updated_at": 0} == {
        "id": 0,
        "filename": f"{body['id']}.png",
        "original_filename": "Holiday Photo.PNG",
        "size": len(PNG),
        "content_type": "image/png",
        "checksum_sha256": sha256(PNG).hexdigest(),
        "visibility": "private",
        "created_at": 0,
        "updated_at": 0,
    }
    [stored] = traces.stored()
    assert stored.startswith("objects/") and body["id"] not in stored
    place = traces.settings.data_dir / "files" / stored
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (PNG, 0o600)
    assert all(each.stat().st_mode & 0o777 == 0o700 for each in list(place.parents)[:3])
    read = await user.client.get(f"{FILES}/{body['id']}")
    assert (read.json(), read.headers["etag"]) == (body, answer.headers["etag"])


GOOD_CONTENT = {
    "empty.txt": b"",
    "bom.txt": b"\xef\xbb\xbftext",
    "split.txt": "ä€😀".encode(),
    "a.jpg": JPEG,
    "a.jpeg": JPEG,
    "a.gif": GIF,
    "a.pdf": PDF,
    "a.docx": docx(),
}
BAD_CONTENT = {
    "nul.txt": b"text\0",
    "latin.txt": b"caf\xe9",
    "cut.txt": "€".encode()[:2],
    "empty.png": b"",
    "short.png": PNG[:4],
    "exe.png": b"MZ" + bytes(100),
    "html.png": b"<html><script>alert(1)</script>",
    "png.txt": PNG,
    "a.jpg": PNG,
    "zip.docx": docx("other/document.xml", "[Content_Types].xml"),
    "untyped.docx": docx("word/document.xml"),
    "cut.docx": docx()[:-30],
    "no.docx": b"PK\x03\x04" + bytes(200),
    "lies.docx": docx()[:-22] + b"PK\x05\x06" + b"\0" * 4 + b"\xff\x0f" * 2 + b"\xff" * 8 + b"\0\0",
    "prefixed.docx": b"#!/bin/sh\n" + docx(),
    "many.docx": docx("[Content_Types].xml", "word/a.xml", *map(str, range(9_999))),
}


async def test_content_that_is_what_it_says(user: TestUser) -> None:
    for name, content in GOOD_CONTENT.items():
        file = await upload(user.client, content, name)
        assert file["checksum_sha256"] == sha256(content).hexdigest(), name


async def test_content_that_is_not(user: TestUser, traces: Traces) -> None:
    for name, content in BAD_CONTENT.items():
        answer = await send(user.client, form(part(content, name)))
        assert refusal(answer) == (400, "files.content_mismatch"), name
    assert await traces.all() == (set(), 0, [])


async def test_a_kind_that_is_not_kept(user: TestUser, traces: Traces) -> None:
    for given in ("a.html", "a.svg", "a", "~", "CON", ".txt", "a.txt\u200b", "a.txt.php"):
        answer = await send(user.client, form(part(TEXT, given)))
        assert refusal(answer) == (400, "files.type_not_allowed"), given
    assert await traces.all() == (set(), 0, [])


DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="a.txt"'
MALFORMED = {
    "two filenames": raw_part(TEXT, DISPOSITION + '; filename="b.txt"'),
    "two names": raw_part(TEXT, DISPOSITION + '; NAME="x"'),
    "two dispositions": raw_part(TEXT, DISPOSITION, DISPOSITION),
    "two digests": raw_part(TEXT, DISPOSITION, *2 * [f"Content-Digest: {digest(TEXT)}"]),
    "no disposition": raw_part(TEXT, "Content-Type: text/plain"),
    "not form-data": raw_part(TEXT, 'Content-Disposition: attachment; filename="a.txt"'),
    "a name of no encoding": raw_part(TEXT, DISPOSITION).replace(b"a.txt", b"\xff.txt"),
    "nine headers": raw_part(TEXT, DISPOSITION, *(f"X-{n}: 1" for n in range(8))),
    "a long header": raw_part(TEXT, DISPOSITION, "X-Long: " + "x" * 4096),
    "long headers": raw_part(TEXT, DISPOSITION, *(f"X-{n}: " + "x" * 1400 for n in range(3))),
    "a wrong length": raw_part(TEXT, DISPOSITION, "Content-Length: 3"),
}


async def test_a_part_with_two_meanings_is_refused(user: TestUser, traces: Traces) -> None:
    for what, sent in MALFORMED.items():
        answer = await send(user.client, form(sent))
        assert refusal(answer) == (400, "files.malformed_upload"), what
    assert await traces.all() == (set(), 0, [])


async def test_further_text_fields_are_ignored(user: TestUser) -> None:
    uppy = [
        part(b"a.txt", None, "name"),
        part(b"text/plain", None, "type"),
        part(b"null", None, "relativePath"),
    ]
    for parts in ([*uppy, part(TEXT)], [part(TEXT), *uppy], [*fields(19, 3_000), part(TEXT)]):
        answer = await send(user.client, form(*parts))
        assert (answer.status_code, answer.json().get("size")) == (201, len(TEXT)), answer.text


async def test_there_is_an_end_to_text_fields(user: TestUser, traces: Traces) -> None:
    many = await send(user.client, form(*fields(20, 1), part(TEXT)))
    assert refusal(many) == (400, "files.malformed_upload")
    assert many.json()["detail"] == "The body has too many parts: send fewer."
    for parts in (fields(1, 65_537), fields(17, 4_000)):
        large = await send(user.client, form(*parts, part(TEXT)))
        assert refusal(large) == (413, "files.too_large")
    assert await traces.all() == (set(), 0, [])


async def test_a_file_input_that_was_left_empty_is_ignored(user: TestUser, traces: Traces) -> None:
    empty = part(b"", "", "file")
    other = part(b"", "", "second")
    for parts in ([empty, part(TEXT)], [part(TEXT), empty], [other, part(TEXT)]):
        assert (await send(user.client, form(*parts))).status_code == 201
    before = await traces.all()
    alone = await send(user.client, form(empty))
    assert alone.json()["errors"][0]["code"] == "missing"
    nameless = await send(user.client, form(part(TEXT, "", "file")))
    assert nameless.json()["errors"][0]["code"] == "no_file"
    assert await traces.all() == before


async def test_a_pdf_may_begin_late(user: TestUser, traces: Traces) -> None:
    for before in (b"", b"\xef\xbb\xbf", b"x" * 1_019):
        answer = await send(user.client, form(part(before + PDF, "a.pdf")))
        assert answer.status_code == 201, answer.text
    kept = await traces.all()
    for content in (b"x" * 1_020 + PDF, b"", b"%PDF", b"x" * 5_000):
        answer = await send(user.client, form(part(content, "a.pdf")))
        assert refusal(answer) == (400, "files.content_mismatch"), content[:10]
    assert await traces.all() == kept


async def test_a_charset_is_never_honoured(user: TestUser) -> None:
    for charset in ("punycode", "idna", "utf-7", "zlib_codec", "nope"):
        kind = f"Content-Type: text/plain; charset={charset}"
        field = part(b"\xff" * 10_000, None, "note", kind)
        answer = await send(user.client, form(field, part(TEXT)))
        assert answer.status_code == 201, charset
        file = part(TEXT, "a.txt", "file", kind)
        assert (await send(user.client, form(file))).status_code == 201, charset


WRONG_PARTS = {
    "text for a file": [part(TEXT, None)],
    "another file": [part(TEXT, name="attachment")],
    "no name": [raw_part(TEXT, 'Content-Disposition: form-data; filename="a.txt"')],
    "two files": [part(TEXT), part(TEXT)],
    "no file": [part(HEX.encode(), None, "checksum_sha256")],
    "nothing": [],
    "a late checksum": [part(TEXT), part(HEX.encode(), None, "checksum_sha256")],
    "two checksums": [*2 * [part(HEX.encode(), None, "checksum_sha256")], part(TEXT)],
}


async def test_wrong_parts_are_refused(user: TestUser, traces: Traces) -> None:
    for what, parts in WRONG_PARTS.items():
        answer = await send(user.client, form(*parts))
        assert refusal(answer) == (400, "http.invalid"), what
        assert answer.json()["errors"][0]["location"].startswith("body."), what
    assert await traces.all() == (set(), 0, [])


NOT_FORMS = {
    "application/json": (415, "files.not_multipart"),
    "": (415, "files.not_multipart"),
    "multipart/mixed; boundary=a-boundary": (415, "files.not_multipart"),
    "multipart/form-data": (400, "files.malformed_upload"),
    "multipart/form-data; boundary=" + "x" * 71: (400, "files.malformed_upload"),
    'multipart/form-data; !="' + "\\" * 4000: (400, "files.malformed_upload"),
    f"multipart/form-data; boundary={BOUNDARY}x": (400, "files.malformed_upload"),
}


async def test_a_body_that_is_no_form(user: TestUser, traces: Traces) -> None:
    for content_type, refused in NOT_FORMS.items():
        answer = await send(user.client, form(part(TEXT)), content_type=content_type)
        assert refusal(answer) == refused, content_type
    assert await traces.all() == (set(), 0, [])


async def test_a_compressed_body_is_not_unpacked(user: TestUser) -> None:
    answer = await send(user.client, form(part(TEXT)), content_encoding="gzip")
    assert answer.status_code == 415


async def test_padding_around_the_parts_is_refused(user: TestUser, traces: Traces) -> None:
    for padded in (b"\r\n" * 50_000 + form(part(TEXT)), form(part(TEXT)) + b"x" * 99_999):
        assert refusal(await send(user.client, padded)) == (400, "files.malformed_upload")
    assert await traces.all() == (set(), 0, [])


async def test_a_body_in_pieces_of_any_size_is_accepted(user: TestUser) -> None:
    body = form(part(HEX.encode(), None, "checksum_sha256"), part(TEXT))
    for size in (1, 7, 64):
        pieces = (body[start : start + size] for start in range(0, len(body), size))
        assert (await send(user.client, in_pieces(pieces))).status_code == 201


async def test_an_upload_with_a_key_happens_once(user: TestUser, traces: Traces) -> None:
    first = await send(user.client, form(part(TEXT)), idempotency_key="once")
    other_boundary = form(part(TEXT), boundary="another")
    again = await send(
        user.client, other_boundary, content_type=FORM.replace(BOUNDARY, "another"),
        idempotency_key="once",
    )  # fmt: skip
    assert (first.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    changed = await send(user.client, form(part(b"other")), idempotency_key="once")
    assert changed.status_code == 422
    stored, rows, used = await traces.all()
    assert (len(stored), rows, used) == (1, 1, [(len(TEXT), 1)])


async def test_a_refused_upload_with_a_key_may_be_tried_again(
    user: TestUser, traces: Traces
) -> None:
    refused = await send(user.client, form(part(TEXT, "a.exe")), idempotency_key="again")
    assert refused.status_code == 400
    assert await traces.all() == (set(), 0, [])
    good = await send(user.client, form(part(TEXT)), idempotency_key="again")
    assert good.status_code == 201
