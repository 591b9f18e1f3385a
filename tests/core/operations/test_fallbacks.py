"""A fallback is logged once and counted, and fails the test that does not expect it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import bindparam, select
from sqlalchemy.exc import StatementError

from core.data.database import Database
from core.engine.sql.compiled_statements import CompiledStatement
from core.kernel import fallbacks
from core.kernel.fallbacks import count_fallback, counts, note_fallback
from core.testing.fallbacks import no_fallbacks_except
from core.wiring.container import CoreContainer
from modules.users.models import User

NAMED = select(User.id).where(User.name == bindparam("wanted"))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """Return the log records of fallbacks, after a reset of the fallbacks that were logged."""
    lines: list[Mapping[str, Any]] = []

    class Log:
        def warning(self, event: str, **fields: Any) -> None:
            lines.append({"event": event, **fields})

    monkeypatch.setattr(fallbacks, "log", Log())
    fallbacks.logged.clear()
    return lines


async def planned(db: Database) -> None:
    for _ in range(2):
        await names(db)


async def names(db: Database) -> list[Any]:
    async with db.read() as reads:
        return [*await reads.scalars(NAMED, {"wanted": "nobody"})]


@pytest.mark.engine
@pytest.mark.fallbacks("plan")
async def test_a_plan_that_fails_is_logged_once_and_counted_each_time(
    core: CoreContainer,
    client: AsyncClient,
    logged: list[Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await planned(core.db())
    before = counts["plan"]

    whole = CompiledStatement.result

    def broken(plan: CompiledStatement, rows: Sequence[Any]) -> Any:
        if "FROM users" not in plan.sql:  # a background task of the application reads meanwhile
            return whole(plan, rows)
        raise AttributeError("SQLAlchemy has changed")

    with monkeypatch.context() as patch:
        patch.setattr(CompiledStatement, "result", broken)
        assert [await names(core.db()) for _ in range(3)] == [[], [], []]
    told = [
        (line["event"], line["kind"]) for line in logged if line["subject"].startswith("SELECT")
    ]
    assert told == [("fallback_taken", "plan")]
    assert counts["plan"] == before + 3
    figures = (await client.get("/metrics")).text
    assert f'atrium_fallbacks_total{{kind="plan"}} {counts["plan"]:.1f}' in figures


@pytest.mark.engine
async def test_a_value_that_is_missing_is_no_fallback(core: CoreContainer) -> None:
    await planned(core.db())
    async with core.db().read() as reads:
        with pytest.raises(StatementError):
            await reads.execute(NAMED, {})


@pytest.mark.fallbacks("of this test")
def test_each_subject_is_logged_once(logged: list[Mapping[str, Any]]) -> None:
    for subject in ("a", "b", "a", "a"):
        note_fallback("of this test", subject)
    assert [line["subject"] for line in logged] == ["a", "b"]


@pytest.mark.fallbacks("surprise")
def test_a_test_fails_that_does_not_expect_one() -> None:
    for expected in ([], ["another"]):
        with pytest.raises(AssertionError, match="surprise"), no_fallbacks_except(expected):
            count_fallback("surprise")
    with no_fallbacks_except(["surprise"]):
        count_fallback("surprise")
