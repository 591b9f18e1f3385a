"""The limits of a file, of a body, and of a user."""

import pytest
from httpx import AsyncClient

from core.testing import CLIENTS, ROUNDS, TestUser, at_once
from modules.files.upload.received import MAX_TEXT_BYTES
from tests.modules.files.uploads import (
    FILES,
    FORM,
    Traces,
    form,
    in_pieces,
    part,
    refusal,
    send,
    upload,
)

pytestmark = pytest.mark.anyio

LARGEST, QUOTA = 100_000, 250_000


@pytest.fixture
def limits() -> dict[str, str]:
    return {"MAX_BYTES": str(LARGEST), "QUOTA_BYTES": str(QUOTA)}


async def test_the_size_limit_counts_to_the_last_byte(user: TestUser, traces: Traces) -> None:
    assert (await upload(user.client, b"x" * LARGEST))["size"] == LARGEST
    before = await traces.all()
    for chunked in (False, True):
        body = form(part(b"x" * (LARGEST + 1)))
        answer = await send(user.client, in_pieces([body]) if chunked else body)
        assert refusal(answer) == (413, "files.too_large")
        assert str(LARGEST) in answer.json()["detail"]
        assert answer.headers["connection"] == "close"
    assert await traces.all() == before


class Untouched:
    """A body that fails the test when it is read."""

    def __aiter__(self) -> "Untouched":
        return self

    async def __anext__(self) -> bytes:
        raise AssertionError("The body was read.")


async def test_a_length_that_is_too_much_is_refused_before_the_body(
    user: TestUser, traces: Traces
) -> None:
    fields = {"content-type": FORM, "content-length": str(2 * LARGEST)}
    answer = await user.client.post(f"{FILES}/upload", content=Untouched(), headers=fields)
    assert refusal(answer) == (413, "files.too_large")
    fields["content-length"] = str(QUOTA + LARGEST + MAX_TEXT_BYTES)
    several = f"{FILES}/upload-multiple"
    answer = await user.client.post(several, content=Untouched(), headers=fields)
    assert refusal(answer) == (413, "files.quota_exceeded")
    assert await traces.all() == (set(), 0, [])


async def test_a_limit_is_noticed_with_the_byte_that_passes_it(user: TestUser) -> None:
    """The client sends no byte after that one, and waits for a response."""
    start = form(part(b""))[: -len("\r\n--a-boundary--\r\n")]

    async def body() -> "object":
        yield start
        yield b"x" * LARGEST
        yield b"x"
        raise AssertionError("More was asked for.")

    answer = await send(user.client, body())  # type: ignore[arg-type]
    assert refusal(answer) == (413, "files.too_large")


async def test_a_text_field_as_big_as_a_file_is_refused(user: TestUser, traces: Traces) -> None:
    answer = await send(user.client, form(part(b"x" * 70_000, None, "checksum_sha256")))
    assert refusal(answer) == (413, "files.too_large")
    assert await traces.all() == (set(), 0, [])


async def test_the_quota_counts_to_the_last_byte(
    user: TestUser, other_user: TestUser, traces: Traces
) -> None:
    for size in (LARGEST, LARGEST, QUOTA - 2 * LARGEST):
        file = await upload(user.client, b"x" * size)
    before = await traces.all()
    assert refusal(await send(user.client, form(part(b"x")))) == (413, "files.quota_exceeded")
    assert await traces.all() == before
    usage = (await user.client.get(f"{FILES}/usage")).json()
    assert usage == {"used_bytes": QUOTA, "quota_bytes": QUOTA, "files": 3}
    await upload(other_user.client, b"x" * LARGEST)
    await user.client.delete(f"{FILES}/{file['id']}")
    await upload(user.client, b"x" * file["size"])


async def test_several_files_that_are_too_much_together(user: TestUser, traces: Traces) -> None:
    body = form(*3 * [part(b"x" * 90_000, name="files")])
    answer = await send(user.client, in_pieces([body]), "upload-multiple")
    assert refusal(answer) == (413, "files.quota_exceeded")
    assert await traces.all() == (set(), 0, [])


@pytest.mark.race
async def test_the_quota_is_exact_however_many_come_at_once(user: TestUser, traces: Traces) -> None:
    for _ in range(ROUNDS):
        uploads = (send(user.client, form(part(b"x" * 60_000))) for _ in range(CLIENTS))
        answers = await at_once(*uploads)
        refused = (CLIENTS - 4) * [413]
        assert sorted(each.status_code for each in answers) == 4 * [201] + refused
        stored, rows, used = await traces.all()
        assert (len(stored), rows, used) == (4, 4, [(240_000, 4)])
        deletions = (
            user.client.delete(f"{FILES}/{each.json()['id']}")
            for each in answers
            if each.status_code == 201
            for _ in range(2)
        )
        statuses = sorted(each.status_code for each in await at_once(*deletions))
        assert statuses == 4 * [204] + 4 * [404]
        await traces.core.relay().deliver_all()
        assert await traces.all() == (set(), 0, [])


@pytest.mark.race
async def test_the_same_file_is_stored_many_times_at_once(user: TestUser) -> None:
    for _ in range(ROUNDS):
        uploads = (send(user.client, form(part(b"the same"))) for _ in range(CLIENTS))
        ids = {each.json()["id"] for each in await at_once(*uploads)}
        assert len(ids) == CLIENTS
        contents = await at_once(*(user.client.get(f"{FILES}/{each}/download") for each in ids))
        assert {each.content for each in contents} == {b"the same"}


@pytest.mark.race
async def test_one_key_many_times_at_once_stores_one_file(user: TestUser, traces: Traces) -> None:
    body = form(part(b"once"))
    for number in range(1, ROUNDS + 1):
        sent = (send(user.client, body, idempotency_key=f"k{number}") for _ in range(CLIENTS))
        answers = await at_once(*sent)
        kept = {each.json()["id"] for each in answers if each.status_code == 201}
        assert {each.status_code for each in answers} <= {201, 409} and len(kept) == 1
        stored, rows, used = await traces.all()
        assert (len(stored), rows, used) == (number, number, [(4 * number, number)])


async def test_an_anonymous_caller_is_told_nothing_of_limits(client: AsyncClient) -> None:
    fields = {"content-type": FORM, "content-length": str(2 * LARGEST)}
    answer = await client.post(f"{FILES}/upload", content=Untouched(), headers=fields)
    assert answer.status_code == 401
