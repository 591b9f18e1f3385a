"""Slow lists that any user may request, and other requests during them."""

from asyncio import create_task, gather, sleep, timeout
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import func, literal, select

from core.kit import select_rows
from core.testing import CoreContainer, TestUser, client_of
from modules.posts.models import Post

LISTS = 8


def endless() -> Any:
    n = select(literal(1).label("i")).cte(recursive=True)
    n = n.union_all(select(n.c.i + 1).where(n.c.i < 500_000_000))
    return select(func.count()).select_from(n).scalar_subquery()


@pytest.fixture
async def slow_lists(user: TestUser, monkeypatch: pytest.MonkeyPatch) -> None:
    post = {"title": "a0 b1 c2 d3 e4 f5 g6 h7", "content": "Found by each of the searches."}
    assert (await user.client.post("/api/v1/posts", json=post)).status_code == 201
    slow = select_rows(Post).where(endless() > 0)
    monkeypatch.setattr("core.data.database.query_of", lambda *_: slow)


@pytest.fixture
def overrides() -> dict[str, Any]:
    return {"database_statement_timeout_s": 60.0}


@pytest.mark.usefixtures("slow_lists")
class TestASlowList:
    @pytest.fixture
    def overrides(self) -> dict[str, Any]:
        return {"database_statement_timeout_s": 0.2}

    async def test_a_slow_list_is_ended_with_503(self, client: AsyncClient) -> None:
        answer = await client.get("/api/v1/posts")
        assert answer.status_code == 503
        assert answer.json()["code"] == "database.too_slow"
        assert int(answer.headers["retry-after"]) >= 1
        assert (await client.get("/api/v1/users/me")).status_code == 401


@pytest.mark.usefixtures("patience")
@pytest.mark.usefixtures("slow_lists")
async def test_what_every_request_needs_does_not_wait_for_them(
    app: Litestar, core: CoreContainer, user: TestUser
) -> None:
    lists = [create_task(read_list(app, f"?search={'abcdefgh'[n]}{n}")) for n in range(LISTS)]
    await sleep(0.2)
    async with timeout(20):
        for _ in range(5):
            async with core.db().transaction() as tx:
                tx.invalidate("principals", "maintenance")
            async with client_of(app) as client:
                assert (await client.get("/health")).json()["status"] == "healthy"
            assert (await user.client.get("/api/v1/users/me")).status_code == 200
    assert not any(each.done() for each in lists)
    for each in lists:
        each.cancel()
    await gather(*lists, return_exceptions=True)


async def read_list(app: Litestar, query: str) -> int:
    async with client_of(app) as client:
        return (await client.get(f"/api/v1/posts{query}")).status_code
