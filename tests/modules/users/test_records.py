from asyncio import Event, create_task
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import insert, select, update

from core.kit import Listing, utc_now, uuid7
from core.kit.platform import AuditEntry
from core.testing import CoreContainer, TestUser, later
from tests.modules.users.asking import ME, USERS, audited, code, me, wrong

BATCH = 100
"""The number of rows that an export reads at once."""


async def test_a_summary_is_counted_once_a_minute_and_for_each(
    user: TestUser, other_user: TestUser
) -> None:
    first, second = [await user.client.get(f"{ME}/summary") for _ in range(2)]
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.json() == second.json()
    assert first.json()["as_of"].endswith("Z")
    assert (await other_user.client.get(f"{ME}/summary")).headers["x-cache"] == "miss"


async def test_a_summary_older_than_a_minute_is_counted_again(user: TestUser) -> None:
    first = await user.client.get(f"{ME}/summary")
    with later(seconds=61):
        second = await user.client.get(f"{ME}/summary")
    assert second.headers["x-cache"] == "miss"
    assert second.json()["as_of"] > first.json()["as_of"]


async def test_activity_is_what_was_done_in_ones_name(
    admin: TestUser, user: TestUser, other_user: TestUser
) -> None:
    await user.client.patch(ME, json={"age": 1})
    await other_user.client.patch(ME, json={"age": 2})
    await admin.client.patch(f"{USERS}/{user.id}", json={"age": 3})
    await user.client.patch(ME, json={"name": "A"})
    body = (await user.client.get(f"{ME}/activity", params={"action": "users.change"})).json()
    assert body["total"] == 2
    assert [(each["action"], each["outcome"]) for each in body["data"]] == [
        ("users.change", "refused"),
        ("users.change", "success"),
    ]
    assert {each["actor_id"] for each in body["data"]} == {str(user.id)}


async def test_activity_goes_on_by_cursor(user: TestUser) -> None:
    for age in range(5):
        await user.client.patch(ME, json={"age": age})
    every = (await user.client.get(f"{ME}/activity")).json()["data"]
    followed, cursor = [], ""
    while cursor is not None:
        answer = await user.client.get(f"{ME}/activity", params={"cursor": cursor, "per_page": 2})
        followed += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
    assert followed == every
    assert wrong(await user.client.get(f"{ME}/activity", params={"sort": "-created_at"}))


@pytest.mark.parametrize("sort", ["-at", "at"])
async def test_activity_merges_what_a_user_did_and_what_was_done_in_the_users_name(
    user: TestUser, core: CoreContainer, sort: str
) -> None:
    async with core.db().transaction() as tx:
        for _ in range(12):
            await tx.record("things.do", ("things", None))
        done = AuditEntry.action == "things.do"
        await tx.session.execute(update(AuditEntry).where(done).values(actor_id=user.id))
        entries = [*await tx.session.scalars(select(AuditEntry.id).where(done))]
        by_key = {"actor_id": uuid7(), "on_behalf_of": user.id}
        every_third = AuditEntry.id.in_(entries[::3])
        await tx.session.execute(update(AuditEntry).where(every_third).values(by_key))
    asked = {"action": "things.do", "sort": sort, "per_page": "5"}
    pages = [
        (await user.client.get(f"{ME}/activity", params=asked | {"page": page})).json()
        for page in ("1", "2", "3")
    ]
    rows = [each for page in pages for each in page["data"]]
    in_order = sorted(rows, key=lambda each: (each["at"], each["id"]), reverse=sort == "-at")
    assert rows == in_order and {each["id"] for each in rows} == {str(each) for each in entries}
    assert [page["total"] for page in pages] == [12, 12, 12]
    followed, cursor = [], ""
    while cursor is not None:
        answer = await user.client.get(f"{ME}/activity", params=asked | {"cursor": cursor})
        followed += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
    assert followed == rows


async def test_an_export_is_a_file_with_everything_and_on_record(
    user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    await user.client.patch(ME, json={"age": 50})
    await other_user.client.patch(ME, json={"age": 60})
    answer = await user.client.get(f"{ME}/export")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"].startswith('attachment; filename="atrium-export-')
    own = answer.json()["data"]["users.profile"]
    assert own["profile"] == await me(user.client)
    assert "users.change" in [each["action"] for each in own["activity"]]
    assert str(other_user.id) not in answer.text and "argon2" not in answer.text
    (row,) = await audited(core, "users.export")
    assert row.actor_id == user.id


async def test_an_export_has_every_row_once_however_many_there_are(
    user: TestUser, core: CoreContainer
) -> None:
    async with core.db().transaction() as tx:
        for _ in range(230):
            await tx.record("things.do", ("things", None))
        await tx.session.execute(update(AuditEntry).values(actor_id=user.id))
        by_key = {"actor_id": uuid7(), "on_behalf_of": user.id}
        some = select(AuditEntry.id).where(AuditEntry.action == "things.do").limit(115)
        await tx.session.execute(update(AuditEntry).where(AuditEntry.id.in_(some)).values(by_key))
    async with core.db().read() as reads:
        ids = {str(each) for each in await reads.scalars(select(AuditEntry.id))}
    activity = (await user.client.get(f"{ME}/export")).json()["data"]["users.profile"]["activity"]
    found = [each["id"] for each in activity]
    assert len(found) == len(set(found)) and ids < {*found} and len(found) == len(ids) + 1
    done_for = [each["on_behalf_of"] is not None for each in activity]
    assert done_for == sorted(done_for) and sum(done_for) == 115


async def test_an_export_is_read_no_faster_than_it_is_taken(
    app: Litestar, user: TestUser, client: AsyncClient, core: CoreContainer, read: list[int]
) -> None:
    """Each read has at most a batch, other requests go on, and a disconnect ends the export."""
    async with core.db().transaction() as tx:
        entries = [done_by(user, number) for number in range(1500)]
        await tx.session.execute(insert(AuditEntry), entries)
    sent: list[Any] = []
    waits, gone = Event(), Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            waits.set()
            await gone.wait()

    asgi: Any = app
    export = create_task(asgi(scope_of(user), receiving(gone), send))
    await waits.wait()
    stalled = sum(read)
    assert (await client.get("/health")).status_code == 200
    assert sum(read) == stalled
    gone.set()
    await export
    assert max(read) == BATCH and sum(read) < 1500
    assert max(len(each["body"]) for each in sent[1:]) < 2**17
    assert sent[0]["status"] == 200 and sent[-1]["more_body"], "it is not whole"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list of the row counts of each part of a list."""
    counts: list[int] = []
    page = Listing.page

    async def counted(self: Listing, *given: Any) -> Any:
        rows = await page(self, *given)
        counts.append(len(rows.items))
        return rows

    monkeypatch.setattr(Listing, "page", counted)
    return counts


def receiving(gone: Event) -> Any:
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive


def scope_of(user: TestUser) -> dict[str, Any]:
    token = user.client.headers["authorization"].encode()
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{ME}/export",
        "raw_path": f"{ME}/export".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"test"), (b"authorization", token)],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }


def done_by(user: TestUser, number: int) -> dict[str, Any]:
    entry = {"id": uuid7(), "at": utc_now(), "actor_id": user.id, "actor_kind": "user"}
    entry |= {"on_behalf_of": None, "action": "things.do", "target_kind": "things"}
    entry |= {"target_id": str(number), "outcome": "success", "address": "192.0.2.1"}
    return entry | {"request_id": "r" * 32, "changes": {}}


@pytest.mark.parametrize("overrides", [{"rate_limit_enabled": True}])
async def test_an_export_has_a_limit_of_its_own_for_each_user(
    user: TestUser, other_user: TestUser, core: CoreContainer
) -> None:
    for _ in range(6):
        assert (await user.client.get(f"{ME}/export")).status_code == 200
    refused = await user.client.get(f"{ME}/export")
    assert code(refused) == (429, "http.too_many_requests")
    assert refused.headers["ratelimit-policy"] == '"export";q=6;w=3600'
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert (await user.client.get(f"{ME}/summary")).status_code == 200
    assert (await other_user.client.get(f"{ME}/export")).status_code == 200
    assert len(await audited(core, "users.export")) == 7


async def test_the_head_of_an_export_reads_nothing(user: TestUser, core: CoreContainer) -> None:
    got, head = await user.client.get(f"{ME}/export"), await user.client.head(f"{ME}/export")
    own = ("content-type", "content-disposition", "cache-control")
    assert [head.headers[each] for each in own] == [got.headers[each] for each in own]
    assert got.headers["cache-control"] == "no-store" and "etag" not in got.headers
    assert (head.status_code, head.content) == (200, b"")
    assert len(await audited(core, "users.export")) == 1
