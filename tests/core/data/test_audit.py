"""The audit log: an entry if and only if the act is done, with the right target."""

from asyncio import sleep
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from core.data.audit import MAX_NOTES, AuditEntry, AuditRecorder, Outcome
from core.data.audit_trail import AuditTrail
from core.data.database import Database
from core.data.engines import open_database
from core.data.open_transaction import Recorders
from core.engine.sql.cache_versions import CacheVersions
from core.kernel.context import RequestContext, current_context, enter_context
from core.kernel.errors import Unavailable
from core.kernel.principal import Principal
from core.testing import eventually
from core.wiring.plugin import in_background
from tests.core.data.tables import Thing

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def recorder() -> AuditRecorder:
    return AuditRecorder(lambda: NOW)


@pytest.fixture
async def db(
    url: str, cache_versions: CacheVersions, recorder: AuditRecorder
) -> AsyncIterator[Database]:
    database = open_database(url, cache_versions, recorders=Recorders(recorder))
    yield database
    await database.close()


@pytest.fixture
def audit(db: Database, recorder: AuditRecorder) -> AuditTrail:
    return AuditTrail(db, recorder, lambda: NOW)


async def entries(db: Database) -> list[Any]:
    async with db.read() as reads:
        return list((await reads.execute(select(AuditEntry).order_by(AuditEntry.id))).all())


async def act(db: Database, fail: bool = False) -> Thing:
    thing = Thing(name="thing")
    async with db.transaction() as tx:
        tx.session.add(thing)
        await tx.record("things.add", thing, fields=["name"], of=thing.id)
        if fail:
            raise ZeroDivisionError
    return thing


async def test_an_act_leaves_one_entry(db: Database) -> None:
    enter_context(context := RequestContext("request-1", "192.0.2.7"))
    context.principal = Principal(uuid4())
    thing = await act(db)
    (entry,) = await entries(db)
    assert entry._asdict() == {
        "id": entry.id,
        "at": NOW,
        "actor_id": context.principal.id,
        "actor_kind": "user",
        "on_behalf_of": None,
        "action": "things.add",
        "target_kind": "things",
        "target_id": str(thing.id),
        "outcome": "success",
        "address": "192.0.2.7",
        "request_id": "request-1",
        "changes": {"fields": ["name"], "of": str(thing.id)},
    }
    assert context.audited


async def test_what_is_rolled_back_leaves_none(db: Database) -> None:
    enter_context(context := RequestContext("request-1", "192.0.2.7"))
    with pytest.raises(ZeroDivisionError):
        await act(db, fail=True)
    assert await entries(db) == [] and not context.audited


async def test_a_refusal_is_kept_by_itself(db: Database) -> None:
    target = "things", None
    async with db.transaction() as tx:
        await tx.record("things.drop", target, outcome=Outcome.refused, code="tests.no")
    (entry,) = await entries(db)
    assert (entry.outcome, entry.target_id, entry.changes) == (
        "refused",
        None,
        {"code": "tests.no"},
    )


async def test_a_key_acts_on_behalf_of_its_owner(db: Database) -> None:
    owner, key = uuid4(), uuid4()
    enter_context(context := RequestContext("request-1", ""))
    context.principal = Principal(owner, key_id=key)
    await act(db)
    (entry,) = await entries(db)
    assert (entry.actor_id, entry.actor_kind, entry.on_behalf_of) == (key, "key", owner)


@pytest.mark.parametrize(("request_id", "kind"), [("request-1", "anonymous"), ("", "system")])
async def test_nobody_signed_in(db: Database, request_id: str, kind: str) -> None:
    if request_id:
        enter_context(RequestContext(request_id, ""))
    assert current_context().request_id == request_id
    await act(db)
    (entry,) = await entries(db)
    assert (entry.actor_id, entry.actor_kind) == (None, kind)


async def looks(db: Database) -> list[Any]:
    return [(it.action, it.actor_id, it.target_id) for it in await entries(db)]


@pytest.fixture
async def noting(audit: AuditTrail) -> AsyncIterator[None]:
    async with in_background(audit.write_notes()):
        yield


@pytest.mark.usefixtures("noting")
async def test_a_look_is_written_a_moment_later(db: Database) -> None:
    enter_context(context := RequestContext("request-1", "192.0.2.7"))
    context.principal = Principal(uuid4())
    db.record_later("things.list", ("things", None))
    assert await entries(db) == [], "nobody waits for it"
    await eventually(partial(looks, db), [("things.list", context.principal.id, None)])


async def test_no_note_is_left_at_the_end(db: Database, audit: AuditTrail) -> None:
    async with in_background(audit.write_notes()):
        await sleep(0)
        db.record_later("things.list", ("things", None))
        db.record_later("things.list", ("things", None))
    assert [it.action for it in await entries(db)] == ["things.list"] * 2


@pytest.mark.fallbacks("audit_notes")
async def test_a_look_that_cannot_be_written_waits(
    db: Database, audit: AuditTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise Unavailable

    db.record_later("things.list", ("things", None))
    with monkeypatch.context() as broken:
        broken.setattr(db, "transaction", refuse)
        async with in_background(audit.write_notes()):
            await sleep(0)
    assert await entries(db) == []
    async with in_background(audit.write_notes()):
        await sleep(0)
    assert [it.action for it in await entries(db)] == ["things.list"]


async def test_notes_that_are_never_written_have_a_limit(
    db: Database, recorder: AuditRecorder
) -> None:
    for _ in range(MAX_NOTES + 3):
        db.record_later("things.list", ("things", None))
    assert len(recorder.take_notes()) == 2
