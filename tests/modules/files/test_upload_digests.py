"""The digests that a client sends with an upload are compared with its content."""

from itertools import product

import pytest

from core.testing import TestUser
from tests.modules.files.upload_parts import HEX, TEXT, digest
from tests.modules.files.uploads import Traces, form, part, refusal, send

pytestmark = pytest.mark.anyio


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
