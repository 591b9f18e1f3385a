"""Lists by cursor visit each row once, also while others write."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from json import dumps, loads
from typing import Any

import pytest
from sqlalchemy import delete

from core.data.database import Database
from core.kernel.errors import InvalidInput
from tests.core.data.lists_of_things import BEGINNING, fill, names, page
from tests.core.data.tables import Thing

pytestmark = pytest.mark.usefixtures("heard")


async def test_cursors_go_on_within_a_range(db: Database) -> None:
    await fill(db)
    ends = {"created_at_gte": BEGINNING + timedelta(days=1)}
    for sort in ("name", "-created_at"):
        parts = [it async for it in walk(db, per_page=5, filters=ends, sort=sort)]
        every = names(await page(db, filters=ends, per_page=100, sort=sort))
        assert [*chain(*map(names, parts))] == every and len(every) == 18


SORTS = [
    "",
    "name",
    "-count",
    "count,-name",
    "-rank",
    "rank",
    "-count,rank",
    "rank,-count,name",
    "-id",
]


@pytest.mark.parametrize("sort", SORTS)
async def test_cursors_visit_each_row_once_in_the_order_of_pages(db: Database, sort: str) -> None:
    await fill(db)
    by_page = names(await page(db, sort=sort or None, per_page=100))
    assert len(by_page) == 25
    for per_page in (4, 5, 25, 100):
        parts = [it async for it in walk(db, per_page=per_page, sort=sort or None)]
        assert [*chain(*map(names, parts))] == by_page
        assert all(part.total is None for part in parts)
    assert (await page(db, by_cursor=True, with_total=True)).total == 25


async def walk(db: Database, **asked: Any) -> Any:
    after: Sequence[Any] | None = None
    while True:
        part = await page(db, by_cursor=True, with_total=False, after=after, **asked)
        yield part
        if part.last is None:
            return
        after = tuple(loads(dumps(part.last)))


@pytest.mark.parametrize("sort", [None, "name", "-rank,count"])
async def test_what_stays_is_visited_once_while_others_come_and_go(
    db: Database, sort: str | None
) -> None:
    await fill(db)
    stay = {f"thing {number:02}" for number in range(25) if number % 2}
    visited: list[str] = []
    number = 0
    async for part in walk(db, per_page=3, sort=sort):
        visited += names(part)
        async with db.transaction() as tx:
            await tx.session.execute(delete(Thing).where(Thing.name == f"thing {number:02}"))
            created = BEGINNING + timedelta(days=number // 7)
            tx.session.add(Thing(name=f"thing {number:02}x", created_at=created, rank=number % 3))
        number += 2
    assert len(visited) == len(set(visited)) and stay <= set(visited)


@pytest.mark.parametrize(
    "after", [("x", "y"), (1, 2), ("2026-01-01", None, 3), (), (None, "not an id"), ([], {})]
)
async def test_a_position_of_another_list_is_refused(db: Database, after: Any) -> None:
    with pytest.raises(InvalidInput, match=r"query\.cursor"):
        await page(db, by_cursor=True, after=after)
