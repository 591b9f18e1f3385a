"""Callbacks of a commit run after it, and not after a rollback."""

from asyncio import sleep

import pytest

from core.data.database import Database
from core.engine.sql.cache_versions import CacheVersions
from tests.core.data.named_things import Refused
from tests.core.data.tables import Thing

pytestmark = pytest.mark.anyio


def failing() -> None:
    raise ZeroDivisionError


@pytest.mark.fallbacks("after_commit")
async def test_what_a_callback_leaves_to_be_awaited_is_done_before_the_transaction_is_left(
    db: Database,
) -> None:
    called: list[str] = []

    async def later(name: str) -> None:
        await sleep(0.01)
        called.append(name)

    async def broken() -> None:
        await sleep(0)
        failing()

    async with db.transaction() as tx:
        tx.session.add(Thing(name="kept"))
        tx.on_commit(broken)
        tx.on_commit(lambda: later("first"))
        tx.on_commit(lambda: called.append("second"))
    assert called == ["first", "second"]


@pytest.mark.fallbacks("after_commit")
async def test_callbacks_run_and_versions_advance_after_the_commit(
    db: Database, cache_versions: CacheVersions
) -> None:
    called: list[str] = []
    before = (
        cache_versions.here(["things"]),
        cache_versions.here(["people"]),
        cache_versions.here(["x"]),
    )
    async with db.transaction() as tx:
        tx.session.add(Thing(name="flushed by the commit itself"))
        tx.invalidate("people")
        tx.on_commit(lambda: called.append("kept"))
        tx.on_commit(failing)
        tx.on_commit(lambda: called.append("after a failing one"))
        async with db.transaction() as part:
            part.on_commit(lambda: called.append("of a part"))
        assert called == [] and cache_versions.here(["things"]) == before[0]
    assert called == ["kept", "after a failing one", "of a part"]
    after = (
        cache_versions.here(["things"]),
        cache_versions.here(["people"]),
        cache_versions.here(["x"]),
    )
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, True]


async def test_nothing_is_announced_after_a_rollback(
    db: Database, cache_versions: CacheVersions
) -> None:
    called: list[str] = []
    before = cache_versions.here(["things", "people"])
    with pytest.raises(Refused):
        async with db.transaction() as tx:
            tx.session.add(Thing(name="never"))
            await tx.session.flush()
            tx.invalidate("people")
            tx.on_commit(lambda: called.append("told"))
            raise Refused
    assert called == [] and cache_versions.here(["things", "people"]) == before
