"""A statement of a request ends after the timeout, and stores nothing."""

from asyncio import create_task, gather, timeout
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import update

from core.data.database import Database
from core.data.transaction import Transaction
from core.engine.sql.errors import DatabaseBusy, TooSlow
from core.engine.sql.lanes import KnownStatement, Lane, reserved
from core.engine.sql.statement_timeout import is_limited, without_statement_timeout
from tests.core.data.named_things import add
from tests.core.data.tables import THINGS, Thing
from tests.core.engine.sql.slow_statements import (
    ADD,
    ENDLESS,
    NAMES,
    SOME_TIME,
    UPTO,
    as_request,
    ask,
    db,
    numbers,
    request,
    settle_in,
    timeout_s,
)
from tests.core.engine.sql.test_later_writes import thing

__all__ = ["db", "timeout_s"]


class TestAfterTheTimeout:
    """Each way to execute a statement."""

    @pytest.fixture
    def timeout_s(self) -> float:
        return 0.3

    async def test_a_read_without_a_plan_is_ended(self, db: Database) -> None:
        await add(db, "a")
        for _ in range(2):
            with pytest.raises(TooSlow):
                await request(ask(db, numbers(ENDLESS)))
        assert await request(ask(db, NAMES)) == "a"

    async def test_a_planned_read_is_ended(self, db: Database) -> None:
        for _ in range(3):
            await ask(db, UPTO, upto=10)
        assert db._reads._known[UPTO].plan
        for _ in range(2):
            with pytest.raises(TooSlow):
                await request(ask(db, UPTO, upto=ENDLESS))
        assert await request(ask(db, UPTO, upto=10)) == 10

    async def test_a_reserved_read_is_ended_too(self, db: Database) -> None:
        with pytest.raises(TooSlow):
            await request(ask(db, reserved(numbers(ENDLESS))))
        assert await request(ask(db, reserved(numbers(10)))) == 10

    async def test_a_read_in_a_transaction_and_the_transaction_with_it(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            tx.session.add(Thing(name="a"))
            await tx.session.flush()
            async with db.read() as reads:
                await reads.scalar(numbers(ENDLESS))

        await self.fails_whole(db, work)

    async def test_a_write_and_the_transaction_with_it(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            tx.session.add(Thing(name="a"))
            await tx.session.flush()
            count = numbers(ENDLESS).scalar_subquery()
            await tx.session.execute(update(THINGS).values(count=count))

        await self.fails_whole(db, work)

    async def test_a_write_that_was_left_for_the_commit(self, db: Database) -> None:
        async def work(tx: Transaction) -> None:
            await tx.execute(ADD, thing("act") | {"upto": 1})
            await tx.execute_later(ADD, thing("slow") | {"upto": ENDLESS})

        await self.fails_whole(db, work)

    async def test_a_write_that_went_with_the_statement_of_another(self, db: Database) -> None:
        """An audit row on SQLite has its own timeout, and is stored."""
        slow, beside = await at_once(request(act(db, "act", ENDLESS)), request(act(db, "beside")))
        assert isinstance(slow, TooSlow) and beside is None
        assert await all_names(db) == ["beside", "beside later"]

    async def test_a_write_that_goes_with_exempt_work_is_ended_alone(self, db: Database) -> None:
        slow, beside = await at_once(request(act(db, "act", ENDLESS)), act(db, "beside"))
        assert isinstance(slow, TooSlow) and beside is None
        assert await all_names(db) == ["beside", "beside later"]

    async def test_a_write_in_the_midst_of_others(self, db: Database) -> None:
        """SQLite rolls back the open group; each transaction that is not stored gets an error."""
        names = [f"act {number}" for number in range(6)]
        slow = names[2]
        acts = (request(act(db, each, ENDLESS if each == slow else 1)) for each in names)
        outcomes = dict(zip(names, await at_once(*acts), strict=True))
        assert isinstance(outcomes.pop(slow), TooSlow)
        assert {type(each) for each in outcomes.values()} <= {type(None), DatabaseBusy}
        kept = [name for name, outcome in outcomes.items() if outcome is None]
        assert await all_names(db) == [each for it in kept for each in (it, f"{it} later")]
        await act(db, "next")

    async def test_exempt_is_a_write_that_background_work_left(self, db: Database) -> None:
        await act(db, "act", SOME_TIME)
        assert await all_names(db) == ["act", "act later"]

    async def test_exempt_is_what_no_request_waits_for(self, db: Database) -> None:
        assert await lasts(db, lambda: ask(db, numbers(ENDLESS)))

    async def test_exempt_is_what_a_request_has_exempted(self, db: Database) -> None:
        async def work() -> None:
            with without_statement_timeout():
                await ask(db, numbers(ENDLESS))

        assert await lasts(db, lambda: as_request(work()))

    async def test_what_a_request_has_exempted_stays_out_of_the_quick_lane(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Long work, such as an export, fills only the caches of its own connections."""
        await settle_in(db, NAMES)
        taken: list[Lane] = []
        monkeypatch.setattr(KnownStatement, "record_run", lambda *_: None)
        fetch = db._reads._fetch

        def noted(lane: Lane, *args: Any) -> Awaitable[Any]:
            taken.append(lane)
            return fetch(lane, *args)

        monkeypatch.setattr(db._reads, "_fetch", noted)

        async def work() -> None:
            await ask(db, NAMES)
            with without_statement_timeout():
                await ask(db, NAMES)

        await request(work())
        assert taken == [Lane.quick, Lane.unlimited]

    async def test_exempt_is_a_transaction_of_background_work(self, db: Database) -> None:
        async def write() -> None:
            async with db.transaction() as tx:
                await tx.session.execute(numbers(ENDLESS))

        if db.engine.dialect.name == "postgresql":  # a write in a thread is not interrupted
            assert await lasts(db, write)

    async def fails_whole(
        self, db: Database, work: Callable[[Transaction], Awaitable[None]]
    ) -> None:
        async def transaction() -> None:
            async with db.transaction() as tx:
                await work(tx)

        with pytest.raises(TooSlow):
            await request(transaction())
        assert await ask(db, NAMES) is None
        await add(db, "c")
        assert await ask(db, NAMES) == "c"


async def act(db: Database, name: str, upto: int = 1) -> None:
    """Write two rows, the second of which is left for the commit and counts up to `upto`."""
    async with db.transaction() as tx:
        await tx.execute(ADD, thing(name) | {"upto": 1})
        await tx.execute_later(ADD, thing(f"{name} later") | {"upto": upto})


async def at_once(*acts: Awaitable[None]) -> list[BaseException | None]:
    async with timeout(20):
        return await gather(*acts, return_exceptions=True)


async def all_names(db: Database) -> list[str]:
    async with db.read() as reads:
        return sorted(await reads.scalars(NAMES))


async def lasts(db: Database, work: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """Return whether the work continues while a request is ended three times."""
    task = create_task(work())
    for salt in range(3):
        with pytest.raises(TooSlow):
            await request(ask(db, reserved(numbers(ENDLESS, salt))))
    lasted = not task.done()
    task.cancel()
    await gather(task, return_exceptions=True)
    return lasted


async def test_the_timeout_is_for_requests() -> None:
    async def limited() -> bool:
        return is_limited()

    assert not await create_task(limited())
    assert await request(limited())
