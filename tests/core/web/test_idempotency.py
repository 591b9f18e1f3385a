from asyncio import gather
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import update

from core.kernel.clock import utc_now
from core.web.idempotency.models import IdempotencyRow
from core.wiring.container import CoreContainer
from tests.people import Person

POSTS = "/api/v1/posts"
POST = {"title": "Once", "content": "and only once"}


async def publish(person: Person, key: str, **changes: str) -> Response:
    return await person.client.post(POSTS, json=POST | changes, headers={"idempotency-key": key})


async def total(client: AsyncClient) -> int:
    return int((await client.get(POSTS)).json()["total"])


async def test_the_same_request_has_one_effect_and_one_answer(person: Person) -> None:
    first, second = await publish(person, "a"), await publish(person, '"a"')
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == first.headers["etag"]
    assert await total(person.client) == 1


async def test_another_body_under_a_key_is_refused(person: Person) -> None:
    await publish(person, "a")
    other = await publish(person, "a", title="Twice")
    assert (other.status_code, other.json()["code"]) == (422, "http.idempotency_key_reused")
    assert await total(person.client) == 1


async def test_a_key_belongs_to_one_person(person: Person, stranger: Person) -> None:
    await publish(person, "a")
    other = await publish(stranger, "a")
    assert other.status_code == 201 and "idempotency-replayed" not in other.headers
    assert await total(person.client) == 2


async def test_of_many_at_once_one_acts(person: Person) -> None:
    answers = await gather(*(publish(person, "race") for _ in range(20)))
    statuses = {each.status_code for each in answers}
    assert statuses <= {201, 409}
    for each in answers:
        if each.status_code == 409:
            assert each.json()["code"] == "http.idempotency_key_in_use"
            assert each.headers["retry-after"] == "1"
    assert await total(person.client) == 1
    assert (await publish(person, "race")).status_code == 201


async def test_what_was_refused_may_be_tried_again(person: Person) -> None:
    assert (await publish(person, "a", title="")).status_code == 400
    assert (await publish(person, "a")).status_code == 201


async def test_a_refusal_that_is_final_is_kept(admin: Person) -> None:
    path = "/api/v1/admin/users/00000000-0000-7000-8000-000000000000/disable"
    headers = {"idempotency-key": "a"}
    first = await admin.client.post(path, headers=headers)
    again = await admin.client.post(path, headers=headers)
    assert first.status_code == again.status_code == 404
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, '"'])
async def test_a_key_is_plain_text(person: Person, key: str) -> None:
    answer = await person.client.post(
        POSTS,
        json=POST,
        headers={b"idempotency-key": key.encode()},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "http.bad_idempotency_key")


async def test_a_key_is_read_after_authentication(client: AsyncClient) -> None:
    answer = await client.post(POSTS, json=POST, headers={"idempotency-key": "a b"})
    assert answer.status_code == 401


async def test_a_reservation_whose_process_died_is_free_after_a_minute(
    person: Person, core: CoreContainer
) -> None:
    await publish(person, "a")
    await forget_the_answer(core, timedelta(seconds=59))
    assert (await publish(person, "a")).status_code == 409
    await forget_the_answer(core, timedelta(seconds=61))
    assert (await publish(person, "a")).status_code == 201


async def forget_the_answer(core: CoreContainer, age: timedelta) -> None:
    """As a process leaves it that dies while it is answering."""
    values: dict[str, Any] = {"status": None, "reserved_at": utc_now() - age}
    async with core.db().transaction() as session:
        await session.execute(update(IdempotencyRow).values(**values))


async def test_an_answer_is_kept_for_a_day(person: Person, core: CoreContainer) -> None:
    await publish(person, "a")
    async with core.db().transaction() as session:
        old = utc_now() - timedelta(hours=25)
        await session.execute(update(IdempotencyRow).values(reserved_at=old))
    again = await publish(person, "a")
    assert again.status_code == 201 and "idempotency-replayed" not in again.headers


async def test_nothing_is_kept_where_the_answer_holds_a_secret(
    person: Person, app: Litestar
) -> None:
    body = {"email": person.email, "password": person.password}
    headers = {"idempotency-key": "a"}
    first = await person.client.post("/api/v1/auth/login", json=body, headers=headers)
    second = await person.client.post("/api/v1/auth/login", json=body, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.json()["refresh_token"] != second.json()["refresh_token"]


async def test_files_count_by_their_names_and_contents(person: Person) -> None:
    async def upload(content: bytes, boundary: str) -> Response:
        body = (
            f"--{boundary}\r\ncontent-disposition: form-data; name=file; filename=a.txt\r\n"
            f"content-type: text/plain\r\n\r\n{content.decode()}\r\n--{boundary}--\r\n"
        )
        headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "idempotency-key": "file",
        }
        return await person.client.post("/api/v1/files/upload", content=body, headers=headers)

    first, again = await upload(b"hello", "one"), await upload(b"hello", "two")
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    assert (await upload(b"other", "one")).status_code == 422
    assert (await person.client.get("/api/v1/files")).json()["total"] == 1
