"""What is taken in and what is refused, and that a refusal leaves nothing."""

from base64 import b64encode
from hashlib import md5, sha256, sha512
from itertools import product

import pytest
from httpx import AsyncClient

from core.testing import TestUser
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

TEXT = b"some text"
HEX = sha256(TEXT).hexdigest()


def digest(content: bytes, algorithm: str = "sha-256") -> str:
    made = {"sha-256": sha256, "sha-512": sha512, "md5": md5}[algorithm](content).digest()
    return f"{algorithm}=:{b64encode(made).decode()}:"


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


NAMES = {
    "a.txt": "a.txt",
    " a.txt ": "a.txt",
    "A.TXT": "A.TXT",
    "-rf.txt": "-rf.txt",
    "e\u0301.txt": "é.txt",
    "한글.txt": "한글.txt",
    "%2e%2e%2f.txt": "%2e%2e%2f.txt",
    "..%c0%af.txt": "..%c0%af.txt",
    "a%22b.txt": 'a"b.txt',
    "NUL.txt": "_NUL.txt",
    "com1.txt": "_com1.txt",
    "console.txt": "console.txt",
    "a.html.txt": "a.html.txt",
    "docs/a.txt": "a.txt",
    "../../etc/passwd.txt": "passwd.txt",
    "/abs.txt": "abs.txt",
    "a\\b.txt": "b.txt",
    "C:\\docs\\a.txt": "a.txt",
    "....//a.txt": "a.txt",
    "my%20notes.txt": "my%20notes.txt",
    "=?utf-8?B?7ZWcLnR4dA==?=": "한.txt",
    "=?UTF-8?Q?na=C3=AFve_50=25.txt?=": "naïve 50%.txt",
    "=?utf-8*ko?q?docs/=ED=95=9C.txt?=": "한.txt",
    "=?utf-8?q?a?=.txt": "=?utf-8?q?a?=.txt",
    "=?utf-8?b?7ZWc?= =?utf-8?Q?a_b?=\t=?UTF-8?q?.txt?=": "한a b.txt",
    "=?utf-8?b?7ZU=?= =?utf-8?b?nC50eHQ=?=": "한.txt",
    "=?utf-8?q?a?= and =?utf-8?q?b?=.txt": "=?utf-8?q?a?= and =?utf-8?q?b?=.txt",
    "x" * 146 + ".txt": "x" * 146 + ".txt",
}
BAD_NAMES = [
    " ",
    ".",
    "..",
    "docs/",
    "docs/..",
    "a\0.txt",
    "a\tb.txt",
    "a\x1b[0m.txt",
    "a\x7f.txt",
    "a%0D%0Ab.txt",
    "a\u202etxt.exe.txt",
    "a\u2066.txt",
    "a.txt.",
    "x" * 147 + ".txt",
    "NUL" + "." * 143 + ".txt",
    "€" * 90 + ".txt",
    "x" * 3000 + ".txt",
]


async def test_a_name_is_kept_for_users_to_read(user: TestUser) -> None:
    for given, kept in NAMES.items():
        assert (await upload(user.client, TEXT, given))["original_filename"] == kept


async def test_a_name_that_would_mislead(user: TestUser, traces: Traces) -> None:
    for given in BAD_NAMES:
        answer = await send(user.client, form(part(TEXT, given)))
        assert refusal(answer) == (400, "files.name_invalid"), given
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


EXTENDED_NAMES = {
    "filename*=UTF-8''%ED%95%9C%20a.txt": "한 a.txt",
    "filename*=utf-8'ko'%ED%95%9C.txt": "한.txt",
    "FileName*=utf-8''a.txt": "a.txt",
    "filename*=utf-8''..%2F..%2Fetc%2Fpasswd.txt": "passwd.txt",
    "filename=plain.txt; filename*=utf-8''%ED%95%9C.txt": "한.txt",
    "filename*=utf-8''%ED%95%9C.txt; filename=plain.txt": "한.txt",
    "filename=\"=?utf-8?B?YS50eHQ=?=\"; filename*=utf-8''%ED%95%9C.txt": "한.txt",
    "filename=\"x; filename*=utf-8''b.txt\"": "x; filename*=utf-8''b.txt",
}


async def test_an_extended_filename_comes_before_a_plain_one(user: TestUser) -> None:
    for parameters, kept in EXTENDED_NAMES.items():
        head = f'Content-Disposition: form-data; name="file"; {parameters}'
        answer = await send(user.client, form(raw_part(TEXT, head)))
        assert answer.json().get("original_filename") == kept, (parameters, answer.text)


async def test_a_name_in_a_form_that_cannot_be_decoded(user: TestUser, traces: Traces) -> None:
    for parameters in (
        "filename*=iso-8859-1''a.txt",
        "filename*=utf-8''%FF.txt",
        "filename*=utf-8''a%2.txt",
        "filename*=a.txt",
        "filename*=utf-8''",
        "filename*=utf-8''a%00.txt",
        'filename="=?utf-8?B?YS50eHQ?="',
        'filename="=?utf-8?Q?=FF.txt?="',
    ):
        head = f'Content-Disposition: form-data; name="file"; {parameters}'
        answer = await send(user.client, form(raw_part(TEXT, head)))
        assert refusal(answer) == (400, "files.name_invalid"), parameters
        assert [each["location"] for each in answer.json()["errors"]] == ["body.file"], parameters
    assert await traces.all() == (set(), 0, [])


def fields(count: int, size: int) -> list[bytes]:
    return [part(b"x" * size, None, f"field-{n}") for n in range(count)]


async def test_further_text_fields_are_ignored(user: TestUser) -> None:
    uppy = [
        part(b"a.txt", None, "name"),
        part(b"text/plain", None, "type"),
        part(b"null", None, "relativePath"),
    ]
    for parts in ([*uppy, part(TEXT)], [part(TEXT), *uppy], [*fields(19, 3_000), part(TEXT)]):
        answer = await send(user.client, form(*parts))
        assert (answer.status_code, answer.json().get("size")) == (201, len(TEXT)), answer.text


async def test_a_name_in_another_charset_is_told(user: TestUser) -> None:
    named = part(TEXT).replace(b'"a.txt"', b'"' + "한글.txt".encode("euc-kr") + b'"')
    assert "한글".encode("euc-kr") in named
    answer = await send(user.client, form(named))
    assert refusal(answer) == (400, "files.malformed_upload")
    assert answer.json()["detail"] == "The header of a part is not UTF-8: send names in UTF-8."


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


async def test_a_digest_of_the_whole_body_is_checked(user: TestUser, traces: Traces) -> None:
    body = form(part(TEXT))
    every = list(product(("content_digest", "repr_digest"), ("sha-256", "sha-512")))
    for header, algorithm in every:
        answer = await send(user.client, body, **{header: digest(TEXT, algorithm)})
        assert refusal(answer) == (400, "files.digest_mismatch"), (header, algorithm)
    assert await traces.all() == (set(), 0, [])
    for header, algorithm in every:
        good = digest(body, algorithm)
        assert (await send(user.client, body, **{header: good})).status_code == 201
        more = f"md5=:AAAA:, {good}"
        assert (await send(user.client, body, **{header: more})).status_code == 201


async def test_a_digest_that_cannot_be_right(user: TestUser) -> None:
    for value in ("sha-256=abc", "sha-256=:a:", "sha-256=", "sha-256=:QUJD:"):
        answer = await send(user.client, form(part(TEXT)), content_digest=value)
        assert refusal(answer) == (400, "files.digest_mismatch"), value
        place = "body" if value.endswith("QUJD:") else "header.Content-Digest"
        assert [each["location"] for each in answer.json()["errors"]] == [place]


async def test_a_digest_of_one_part_is_checked(user: TestUser, traces: Traces) -> None:
    good, bad = (f"Content-Digest: {digest(each)}" for each in (TEXT, b"other"))
    answer = await send(user.client, form(part(TEXT, "a.txt", "file", bad)))
    assert refusal(answer) == (400, "files.digest_mismatch")
    assert await traces.all() == (set(), 0, [])
    assert (await send(user.client, form(part(TEXT, "a.txt", "file", good)))).status_code == 201
    unknown = f"Repr-Digest: {digest(b'other', 'md5')}"
    assert (await send(user.client, form(part(TEXT, "a.txt", "file", unknown)))).is_success


async def test_a_checksum_is_held_against_the_file(user: TestUser, traces: Traces) -> None:
    for wrong in ("0" * 64, HEX[:-1], HEX + "0", "x" * 64, "", f" {HEX}"):
        field = part(wrong.encode(), None, "checksum_sha256")
        answer = await send(user.client, form(field, part(TEXT)))
        assert refusal(answer) == (400, "files.digest_mismatch"), wrong
    assert await traces.all() == (set(), 0, [])
    for right in (HEX, HEX.upper()):
        field = part(right.encode(), None, "checksum_sha256")
        assert (await send(user.client, form(field, part(TEXT)))).status_code == 201


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
