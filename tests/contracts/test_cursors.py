"""A cursor goes on in the list, the order, the search and the filters that it comes from."""

from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from core.events.models import Delivery, RecordedEvent, Status
from core.kernel.clock import utc_now
from core.testing import TestUser, sign_in
from core.wiring.container import CoreContainer
from tests.api.document import Operation, operations

UNBOUND = {"page", "per_page", "cursor", "total"}
MOMENTS = ("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")


@pytest.fixture
def backend() -> str:
    """Cursors do not depend on the database."""
    return "sqlite"


async def record_dead(core: CoreContainer) -> None:
    """Add an event that the relay has given up, and so no longer delivers."""
    now = utc_now()
    event = RecordedEvent(name="a", payload="{}", addressed_to=",a,", recorded_at=now, due_at=now)
    delivery = Delivery(
        event_id=event.id, listener="a", status=Status.dead, attempts=1, created_at=now
    )
    async with core.db().transaction() as tx:
        tx.session.add(event)
        await tx.session.flush()
        tx.session.add(delivery)


@pytest.fixture
async def lists(admin: TestUser, user: TestUser, core: CoreContainer) -> list[Operation]:
    """Return every list of the API, each with two rows at least."""
    client = admin.client
    for number in range(2):
        await record_dead(core)
        await sign_in(client, admin.email)
        file = {"file": (f"{number}.txt", b"some text")}
        key = {"name": f"Key {number}", "scopes": ["files:read"], "expires_in_days": 1}
        post = {"title": f"Post {number}", "content": "Some words"}
        made = [
            await client.post("/api/v1/files/upload", files=file),
            await client.post("/api/v1/auth/api-keys", json=key),
            await client.post("/api/v1/posts", json=post),
        ]
        assert [each.status_code for each in made[:2]] == [201, 201]
    found = [each for each in await operations(client) if "cursor" in parameters(each)]
    assert {"/api/v1/users", "/api/v1/files", "/api/v1/admin/audit"} <= {
        each.path for each in found
    }
    return found


def parameters(operation: Operation) -> dict[str, dict[str, Any]]:
    described = operation.described.get("parameters", [])
    return {each["name"]: each["schema"] for each in described if each["in"] == "query"}


def values_of(schema: dict[str, Any]) -> tuple[str, str]:
    """Return two values that a parameter may have."""
    if schema.get("type") == "array":
        return values_of(schema["items"])
    if "enum" in schema:
        return str(schema["enum"][0]), str(schema["enum"][-1])
    if schema.get("format") == "date-time":
        return MOMENTS
    if schema.get("format") == "uuid":
        return str(UUID(int=1)), str(UUID(int=2))
    return {"boolean": ("true", "false"), "integer": ("1", "2")}.get(schema["type"], ("a", "b"))


async def page(client: AsyncClient, path: str, cursor: str, **query: str) -> Response:
    return await client.get(path, params={"per_page": "1", "cursor": cursor, **query})


def is_refused(answer: Response) -> bool:
    if answer.status_code != 400:
        return False
    return [each["location"] for each in answer.json()["errors"]] == ["query.cursor"]


async def test_a_cursor_is_bound_to_every_parameter_that_chooses_rows(
    admin: TestUser, lists: list[Operation]
) -> None:
    client = admin.client
    for each in lists:
        cursor = (await page(client, each.path, "")).json()["next_cursor"]
        assert cursor, each.path
        for name, schema in parameters(each).items():
            if name not in UNBOUND:
                for value in values_of(schema):
                    answer = await page(client, each.path, cursor, **{name: value})
                    assert is_refused(answer), (each.path, name, value, answer.text)


async def test_a_cursor_within_a_range_goes_on_within_that_range_only(
    admin: TestUser, lists: list[Operation]
) -> None:
    client, tried = admin.client, set()
    for each in lists:
        for name, schema in parameters(each).items():
            lower = schema.get("format") == "date-time" and not name.endswith(
                ("_lt", "_lte", "until")
            )
            if not lower:
                continue
            first, second = MOMENTS
            cursor = (await page(client, each.path, "", **{name: first})).json()["next_cursor"]
            if not cursor:  # a timestamp that no row has
                continue
            tried.add((each.path, name))
            assert (await page(client, each.path, cursor, **{name: first})).status_code == 200
            assert is_refused(await page(client, each.path, cursor, **{name: second}))
            assert is_refused(await page(client, each.path, cursor))
    assert {("/api/v1/admin/audit", "since"), ("/api/v1/admin/audit", "at_gte")} <= tried
    with_time = {path for path, name in tried if name == "created_at_gte"}
    assert with_time >= {"/api/v1/users", "/api/v1/files", "/api/v1/admin/events"}


async def test_a_cursor_is_good_for_its_own_path(admin: TestUser, lists: list[Operation]) -> None:
    client = admin.client
    cursors = {it.path: (await page(client, it.path, "")).json()["next_cursor"] for it in lists}
    for path in cursors:
        for other, cursor in cursors.items():
            assert is_refused(await page(client, path, cursor)) is (path != other)
