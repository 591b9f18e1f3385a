"""Uploads in progress count against the quota, in every process."""

from asyncio import Barrier, Event, Task, create_task, gather, timeout
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import insert, select

from config.settings import Settings
from core.kit import utc_now, uuid7
from core.testing import (
    PASSWORD,
    Applications,
    CoreContainer,
    TestUser,
    at_once,
    client_of,
    eventually,
    later,
)
from modules.files.models import FileReservation
from modules.files.plugin import Plugin
from modules.files.service import reservations, usage
from modules.files.service.reservations import Reservations
from tests.modules.files.slow_uploads import BODY, CHUNK, Slow, begun, start
from tests.modules.files.uploads import FILES, FORM, Traces, form, part, refusal, send

pytestmark = pytest.mark.anyio

QUOTA = 1_000_000


@pytest.fixture
def overrides(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("USERS_DELETION_GRACE_DAYS", "0")
    return {}


@pytest.fixture
def limits() -> dict[str, str]:
    return {"MAX_BYTES": str(QUOTA), "QUOTA_BYTES": str(QUOTA)}


@pytest.fixture
async def other(
    app: Litestar, settings: Settings, applications: Applications, user: TestUser
) -> AsyncIterator[AsyncClient]:
    """Yield a client of another process, signed in as the same user."""
    authorization = user.client.headers["authorization"]
    async with (
        applications.started(settings, instance=2) as second,
        client_of(second, authorization=authorization) as client,
    ):
        yield client


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize("elsewhere", [True, False], ids=["two processes", "one process"])
async def test_what_one_upload_takes_up_is_not_left_to_another(
    user: TestUser, other: AsyncClient, traces: Traces, declared: bool, elsewhere: bool
) -> None:
    slow = Slow()
    first = create_task(start(user.client, slow, declared))
    await begun(slow)
    await eventually(traces.held, 1)
    second = other if elsewhere else user.client
    for refused in (await start(second, Slow(), True), await start(second, Slow(), False)):
        assert refusal(refused) == (413, "files.quota_exceeded")
    assert (await send(second, form(part(b"small")))).status_code == 201
    slow.last.set()
    assert (await first).status_code == 201, (await first).text
    assert await traces.held() == 0
    assert (await traces.all())[1:] == (2, [(900_005, 2)])


@pytest.mark.usefixtures("patience")
async def test_no_more_uploads_at_once_are_accepted_than_fit(
    user: TestUser, other: AsyncClient, traces: Traces
) -> None:
    bodies = [Slow() for _ in range(12)]
    for body in bodies:
        body.last.set()
    clients = (user.client, other)
    uploads = (start(clients[at % 2], body, at % 3 == 0) for at, body in enumerate(bodies))
    answers = await at_once(*uploads)
    statuses = [each.status_code for each in answers]
    assert {*statuses} <= {201, 413} and statuses.count(201) <= 1
    stored, rows, used = await traces.all()
    assert len(stored) == rows == statuses.count(201)
    assert await traces.held() == 0
    assert used == [(900_000, 1)] * rows


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
async def test_many_uploads_in_progress_hold_no_more_than_the_quota(
    user: TestUser, other: AsyncClient, traces: Traces, declared: bool
) -> None:
    """No upload ends by itself; those that are not refused wait after the sent data."""
    sent = [0] * 20

    async def body(at: int) -> AsyncIterator[bytes]:
        for begin in range(0, 800_000, CHUNK):
            sent[at] = begin
            yield BODY[begin : begin + CHUNK]
        await Event().wait()

    clients = (user.client, other)
    uploads = [create_task(start(clients[at % 2], body(at), declared)) for at in range(len(sent))]
    await eventually(partial(settled, uploads, sent), True)
    waiting = [size for each, size in zip(uploads, sent, strict=True) if not each.done()]
    assert sum(waiting) <= QUOTA + CHUNK * len(waiting)
    for each in uploads:
        each.cancel()
    await gather(*uploads, return_exceptions=True)
    assert await traces.held() == 0


class InParts:
    """A body without a declared length; the rest is sent when all bodies have sent a part."""

    def __init__(self, meeting: Barrier, body: bytes, first: int = 100_000) -> None:
        self._meeting, self._body, self._first = meeting, body, first

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: self._first]
        async with timeout(20):
            await self._meeting.wait()
        yield self._body[self._first :]


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize(("size", "count", "fit"), [(900_000, 4, 1), (300_000, 4, 3)])
async def test_the_oldest_of_uploads_that_hold_a_part_each_is_accepted(
    user: TestUser,
    other: AsyncClient,
    traces: Traces,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    count: int,
    fit: int,
) -> None:
    """The other uploads are refused one after the other, until the rest fits."""
    monkeypatch.setattr(reservations, "YIELD_S", 0.2)
    meeting, clients, uploads = Barrier(count + 1), (user.client, other), []
    for at in range(count):
        body = InParts(meeting, form(part(b"x" * size)))
        uploads.append(create_task(start(clients[at % 2], body, False)))
        await eventually(traces.held, at + 1)
    await meeting.wait()
    answers = await gather(*uploads)
    taken = [each.status_code == 201 for each in answers]
    assert taken[0] and 1 <= sum(taken) <= fit, [each.text for each in answers]
    refused = [refusal(each) for each in answers if each.status_code != 201]
    assert refused == [(413, "files.quota_exceeded")] * (count - sum(taken))
    assert (await traces.all())[1:] == (sum(taken), [(size * sum(taken), sum(taken))])
    assert await traces.held() == 0


async def test_an_upload_waits_for_a_younger_one_no_longer_than_a_while(
    user: TestUser, other: AsyncClient, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservations, "WAIT_TIMEOUT_S", 0.3)
    meeting, end = Barrier(2), Barrier(2)
    older = create_task(start(user.client, InParts(meeting, BODY), False))
    await eventually(traces.held, 1)
    younger = create_task(start(other, InParts(end, form(part(b"x" * 300_000))), False))
    await eventually(traces.held, 2)
    await meeting.wait()
    assert refusal(await older) == (413, "files.quota_exceeded")
    await end.wait()
    assert (await younger).status_code == 201
    assert await traces.held() == 0


async def test_a_declared_length_beyond_the_quota_is_refused_before_the_body(
    user: TestUser, traces: Traces
) -> None:
    async def unasked() -> AsyncIterator[bytes]:
        await Event().wait()
        yield b""

    headers = {"content-type": FORM, "content-length": str(2 * QUOTA)}
    async with timeout(20):
        answer = await user.client.post(f"{FILES}/upload", content=unasked(), headers=headers)
    assert answer.status_code == 413 and await traces.held() == 0


async def test_a_hold_ends_with_the_act_that_an_idempotency_key_keeps(
    user: TestUser, traces: Traces
) -> None:
    """The files and the end of the hold are one commit, after the response is known."""
    first = await send(user.client, BODY, idempotency_key="a-key")
    again = await send(user.client, BODY, idempotency_key="a-key")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert await traces.held() == 0
    assert (await send(user.client, form(part(b"x" * 100_000)))).status_code == 201


async def test_an_upload_that_is_not_recorded_holds_nothing(
    user: TestUser, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "MAX_FILES", 0)
    assert refusal(await send(user.client, BODY)) == (413, "files.quota_exceeded")
    assert await traces.held() == 0
    monkeypatch.undo()
    assert (await send(user.client, BODY)).status_code == 201


async def test_an_upload_whose_owner_is_erased_leaves_nothing(
    user: TestUser, traces: Traces, core: CoreContainer
) -> None:
    slow = Slow()
    first = create_task(start(user.client, slow, True))
    await begun(slow)
    await eventually(traces.held, 1)
    left = await user.client.post("/api/v1/users/me/deletion", json={"password": PASSWORD})
    assert left.status_code == 202, left.text
    await core.relay().deliver_all()
    assert await traces.held() == 0
    slow.last.set()
    assert (await first).status_code == 401
    assert await traces.all() == (set(), 0, [])


async def test_an_upload_whose_client_goes_takes_up_nothing(user: TestUser, traces: Traces) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield BODY[:800_000]
        raise ConnectionError

    assert (await start(user.client, cut(), True)).status_code >= 400
    assert await traces.held() == 0
    assert (await send(user.client, BODY)).status_code == 201


async def test_a_hold_ends_with_its_process(app: Litestar, user: TestUser, traces: Traces) -> None:
    """The row was left by a process that died during an upload."""
    kept, now = reservations_of(app), utc_now()
    left = {"id": uuid7(), "owner_id": user.id, "bytes": 900_000, "renewed_at": now}
    async with traces.core.db().transaction() as tx:
        await tx.session.execute(insert(FileReservation), left)
    with later(seconds=50):
        assert refusal(await send(user.client, BODY)) == (413, "files.quota_exceeded")
        await kept.forget_dead()
        assert await traces.held() == 1
    with later(seconds=61):
        assert (await send(user.client, BODY)).status_code == 201
        await kept.forget_dead()
        assert await traces.held() == 0


@pytest.mark.usefixtures("frequent_renewals")
async def test_a_hold_lives_as_long_as_its_request(user: TestUser, traces: Traces) -> None:
    slow = Slow()
    first = create_task(start(user.client, slow, True))
    await begun(slow)
    with ExitStack() as clocks:
        for _ in range(3):
            clocks.enter_context(later(seconds=50))
            moment = utc_now()

            async def renewed(moment: Any = moment) -> bool:
                async with traces.core.db().read() as reads:
                    return bool(await reads.scalar(select(FileReservation.renewed_at)) > moment)

            await eventually(renewed, True)
        assert refusal(await send(user.client, BODY)) == (413, "files.quota_exceeded")
        slow.last.set()
        assert (await first).status_code == 201


async def test_the_quota_is_there_to_the_last_byte_of_a_body_without_a_length(
    user: TestUser,
) -> None:
    async def whole() -> AsyncIterator[bytes]:
        body = form(part(b"x" * QUOTA))
        for at in range(0, len(body), 50_000):
            yield body[at : at + 50_000]

    assert (await start(user.client, whole(), False)).status_code == 201


async def settled(uploads: list[Task[Response]], sent: list[int]) -> bool:
    """Return True once each upload has been refused, or has sent its data up to its pause."""
    each_one = zip(uploads, sent, strict=True)
    return all(each.done() or size + CHUNK >= 800_000 for each, size in each_one)


def reservations_of(app: Litestar) -> Reservations:
    return app.plugins.get(Plugin).provider(Reservations)()
