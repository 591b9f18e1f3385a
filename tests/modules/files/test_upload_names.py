"""The names of uploads: kept for users to read, in each form that clients send."""

import pytest

from core.testing import TestUser
from tests.modules.files.upload_parts import TEXT
from tests.modules.files.uploads import Traces, form, part, raw_part, refusal, send, upload

pytestmark = pytest.mark.anyio

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


async def test_a_name_in_another_charset_is_told(user: TestUser) -> None:
    named = part(TEXT).replace(b'"a.txt"', b'"' + "한글.txt".encode("euc-kr") + b'"')
    assert "한글".encode("euc-kr") in named
    answer = await send(user.client, form(named))
    assert refusal(answer) == (400, "files.malformed_upload")
    assert answer.json()["detail"] == "The header of a part is not UTF-8: send names in UTF-8."
