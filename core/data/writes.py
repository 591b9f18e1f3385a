"""Hot writes: an INSERT or UPDATE made once, executed with values in the open transaction."""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect
from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import UpdateBase

from core.data.changes import tables_changed_by
from core.data.plans import Plan, make_plan
from core.data.reads import Values
from core.data.sessions import Sessions
from core.data.transaction import current

_plans: WeakKeyDictionary[UpdateBase, dict[str, Plan | None]] = WeakKeyDictionary()


async def write(session: AsyncSession, statement: UpdateBase, values: Values) -> Result[Any]:
    """Of a statement whose every column is a bindparam. Entities waiting for a flush go first."""
    if (planned := await planned_for(session, statement)) is None:
        return await (await session.connection()).execute(statement, values)
    sessions, plan = planned
    return plan.result(await sessions.perform(session, plan, plan.bind(values)))


async def write_later(session: AsyncSession, statement: UpdateBase, values: Values) -> None:
    """As `write`, for a row that only what comes after the transaction reads.

    An error in it may come from the commit instead, and undoes the transaction all the same.
    """
    if (planned := await planned_for(session, statement)) is None:
        await (await session.connection()).execute(statement, values)
        return
    sessions, plan = planned
    await sessions.perform_later(session, plan, plan.bind(values))


async def planned_for(session: AsyncSession, statement: UpdateBase) -> tuple[Sessions, Plan] | None:
    """Return the plan for this transaction, whose entities are flushed; None if it has none."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    opened, plan = current.get(), plan_of(statement, session.get_bind().dialect)
    if plan is None or opened is None or opened.session is not session:
        return None
    opened.changed |= tables_changed_by(statement)
    return opened.sessions, plan


def plan_of(statement: UpdateBase, dialect: Dialect) -> Plan | None:
    plans = _plans.setdefault(statement, {})
    if dialect.name not in plans:
        plans[dialect.name] = make_plan(statement, dialect)
    return plans[dialect.name]
