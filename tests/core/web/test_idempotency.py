from asyncio import Event, create_task
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import func, select, update

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kernel.clock import utc_now
from core.testing import CLIENTS, ROUNDS, TestUser, at_once, client_of, eventually, later, register
from core.web.idempotency.models import IdempotencyRow
from core.wiring.container import CoreContainer

USERS = "/api/v1/users"
ONE = {"name": "Once Only", "email": "once@example.com", "password": "a long and plain sentence"}


async def create(admin: TestUser, key: str, **changes: str) -> Response:
    return await admin.client.post(USERS, json=ONE | changes, headers={"idempotency-key": key})


async def total(admin: TestUser) -> int:
    answer = await admin.client.get(f"{USERS}?search={ONE['email']}")
    return int(answer.json()["total"])


async def test_the_same_request_has_one_effect_and_one_answer(admin: TestUser) -> None:
    first, second = await create(admin, "a"), await create(admin, '"a"')
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == first.headers["etag"]
    assert await total(admin) == 1


async def test_another_body_under_a_key_is_refused(admin: TestUser) -> None:
    await create(admin, "a")
    other = await create(admin, "a", name="Twice")
    assert (other.status_code, other.json()["code"]) == (422, "http.idempotency_key_reused")
    assert await total(admin) == 1


async def test_a_key_belongs_to_one_user(app: Litestar, admin: TestUser) -> None:
    async with register(app, "second@example.com", "Second Admin", roles=("admin",)) as second:
        await create(admin, "a")
        other = await create(second, "a", email="another@example.com")
    assert other.status_code == 201 and "idempotency-replayed" not in other.headers


@pytest.mark.race
async def test_one_of_many_requests_at_once_acts(admin: TestUser) -> None:
    for number in range(ROUNDS):
        key, email = f"race{number}", f"{number}.{ONE['email']}"
        answers = await at_once(*(create(admin, key, email=email) for _ in range(CLIENTS)))
        statuses = {each.status_code for each in answers}
        assert 201 in statuses <= {201, 409}
        for each in answers:
            if each.status_code == 409:
                assert each.json()["code"] == "http.idempotency_key_in_use"
                assert each.headers["retry-after"] == "1"
        assert await total(admin) == number + 1
        assert (await create(admin, key, email=email)).headers["idempotency-replayed"] == "true"


async def test_what_was_refused_may_be_tried_again(admin: TestUser) -> None:
    assert (await create(admin, "a", name="")).status_code == 400
    assert (await create(admin, "a")).status_code == 201


async def test_a_refusal_that_is_final_is_kept(admin: TestUser) -> None:
    path = "/api/v1/admin/users/00000000-0000-7000-8000-000000000000/disable"
    headers = {"idempotency-key": "a"}
    first = await admin.client.post(path, headers=headers)
    again = await admin.client.post(path, headers=headers)
    assert first.status_code == again.status_code == 404
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, '"'])
async def test_a_key_is_plain_text(admin: TestUser, key: str) -> None:
    answer = await admin.client.post(
        USERS,
        json=ONE,
        headers={b"idempotency-key": key.encode()},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "http.bad_idempotency_key")
    assert answer.json()["errors"][0]["location"] == "header.Idempotency-Key"


async def test_a_key_is_read_after_authentication(client: AsyncClient) -> None:
    answer = await client.post(USERS, json=ONE, headers={"idempotency-key": "a b"})
    assert answer.status_code == 401


async def test_a_reservation_whose_process_died_is_free_after_a_minute(
    admin: TestUser, core: CoreContainer
) -> None:
    await create(admin, "a")
    await forget_the_answer(core, timedelta(seconds=59))
    assert (await create(admin, "a")).json()["code"] == "http.idempotency_key_in_use"
    await forget_the_answer(core, timedelta(seconds=61))
    assert (await create(admin, "a")).json()["code"] == "users.email_taken", "it is tried again"


BEGUN = b'--x\r\ncontent-disposition: form-data; name=file; filename="a.txt"\r\n\r\nslow'
ENDED = b"ly\r\n--x--\r\n"


@pytest.mark.usefixtures("frequent_renewals")
async def test_a_reservation_lives_as_long_as_its_request(
    user: TestUser, core: CoreContainer
) -> None:
    last = Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield BEGUN
        await last.wait()
        yield ENDED

    first = create_task(upload_again(user, slowly()))
    await eventually(partial(reservations_since, core, utc_now() - timedelta(seconds=30)), 1)
    with ExitStack() as clocks:
        for _ in range(3):
            clocks.enter_context(later(seconds=50))
            await eventually(partial(reservations_since, core, utc_now()), 1)
        retry = await upload_again(user, BEGUN + ENDED)
        assert (retry.status_code, retry.json()["code"]) == (409, "http.idempotency_key_in_use")
        assert retry.headers["retry-after"] == "1"
        last.set()
        assert (await first).status_code == 201, (await first).text
        replayed = await upload_again(user, BEGUN + ENDED)
    assert (replayed.json(), replayed.headers["idempotency-replayed"]) == (
        (await first).json(),
        "true",
    )


async def upload_again(user: TestUser, content: bytes | AsyncIterator[bytes]) -> Response:
    headers = {"content-type": "multipart/form-data; boundary=x", "idempotency-key": "a"}
    return await user.client.post("/api/v1/files/upload", content=content, headers=headers)


async def reservations_since(core: CoreContainer, moment: datetime) -> int:
    rows = select(func.count()).where(IdempotencyRow.reserved_at > moment)
    async with core.db().read() as reads:
        return int(await reads.scalar(rows))


async def test_a_key_without_a_principal_belongs_to_one_client_ip(app: Litestar) -> None:
    answers = []
    for address in ("2001:db8::1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8::2"):
        transport = ASGITransport(app, client=(address, 1))  # type: ignore[arg-type]
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            headers = {"idempotency-key": "a"}
            answers.append(await client.post("/api/v1/auth/register", json=ONE, headers=headers))
    assert [each.status_code for each in answers] == [201, 409, 409, 201]
    assert ["idempotency-replayed" in each.headers for each in answers] == [0, 0, 0, 1]
    assert answers[3].content == answers[0].content


async def test_an_answer_is_kept_with_the_user_it_is_about(
    client: AsyncClient, admin: TestUser, core: CoreContainer
) -> None:
    """The row belongs to the created user, and not to the admin who sent the request."""
    headers = {"idempotency-key": "a"}
    registered = await client.post("/api/v1/auth/register", json=ONE, headers=headers)
    created = await create(admin, "b", email="other@example.com")
    async with core.db().read() as reads:
        kept = await reads.scalars(select(IdempotencyRow.person_id))
    assert {str(each) for each in kept} == {each.json()["id"] for each in (registered, created)}


async def forget_the_answer(core: CoreContainer, age: timedelta) -> None:
    """Remove the stored response, as if the process had died before it was stored."""
    values: dict[str, Any] = {"status": None, "reserved_at": utc_now() - age}
    async with core.db().transaction() as tx:
        await tx.session.execute(update(IdempotencyRow).values(**values))


async def test_an_answer_is_kept_for_a_day(admin: TestUser, core: CoreContainer) -> None:
    await create(admin, "a")
    async with core.db().transaction() as tx:
        old = utc_now() - timedelta(hours=25)
        await tx.session.execute(update(IdempotencyRow).values(reserved_at=old))
    again = await create(admin, "a")
    assert again.json()["code"] == "users.email_taken"
    assert "idempotency-replayed" not in again.headers


async def test_nothing_is_kept_where_the_answer_holds_a_secret(
    user: TestUser, app: Litestar
) -> None:
    body = {"email": user.email, "password": user.password}
    headers = {"idempotency-key": "a"}
    first = await user.client.post("/api/v1/auth/login", json=body, headers=headers)
    second = await user.client.post("/api/v1/auth/login", json=body, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.json()["refresh_token"] != second.json()["refresh_token"]
    headers = {"idempotency-key": "what is no key"}
    assert (await user.client.post("/api/v1/auth/login", json=body, headers=headers)).is_success


async def test_files_count_by_their_names_and_contents(user: TestUser) -> None:
    async def upload(content: bytes, boundary: str) -> Response:
        body = (
            f"--{boundary}\r\ncontent-disposition: form-data; name=file; filename=a.txt\r\n"
            f"content-type: text/plain\r\n\r\n{content.decode()}\r\n--{boundary}--\r\n"
        )
        headers = {
            "content-type": f"multipart/form-data; boundary={boundary}",
            "idempotency-key": "file",
        }
        return await user.client.post("/api/v1/files/upload", content=body, headers=headers)

    first, again = await upload(b"hello", "one"), await upload(b"hello", "two")
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    assert (await upload(b"other", "one")).status_code == 422
    assert (await user.client.get("/api/v1/files")).json()["total"] == 1


async def test_a_change_of_the_secret_key_makes_no_other_body(
    admin: TestUser, settings: Settings, log_lines: LogWriter
) -> None:
    await create(admin, "a")
    changed = {
        "secret_key": SecretStr("another key than that of before"),
        "secret_key_previous": (settings.secret_key,),
    }
    turned = create_app(settings.model_copy(update=changed), lines=log_lines)
    authorization = admin.client.headers["authorization"]
    async with turned.lifespan(), client_of(turned, authorization=authorization) as client:
        turned_admin = replace(admin, client=client)
        assert (await create(turned_admin, "a")).headers["idempotency-replayed"] == "true"
        assert (await create(turned_admin, "a", name="Twice")).status_code == 422
