"""Frequent writes: an INSERT or UPDATE is compiled once and executed in the open transaction."""

from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect
from sqlalchemy.engine import Result
from sqlalchemy.sql.dml import UpdateBase

from core.data.transaction import Transaction
from core.engine.sql import CompiledStatement, Values, compile_statement, tables_changed_by


class PlannedWrite(NamedTuple):
    plan: CompiledStatement | None
    tables: set[str]


_known: WeakKeyDictionary[UpdateBase, dict[str, PlannedWrite]] = WeakKeyDictionary()


async def write(tx: Transaction, statement: UpdateBase, values: Values) -> Result[Any]:
    """Execute a statement whose values are all bindparams, after a flush of the session."""
    if (plan := await plan_in(tx, statement)) is None:
        return await (await tx.session.connection()).execute(statement, values)
    return plan.result(await tx.pool.perform(tx.connection, plan, plan.bind(values)))


async def write_later(tx: Transaction, statement: UpdateBase, values: Values) -> None:
    """Write a row that no statement of this transaction reads, at the latest with the commit.

    Its error may be raised by the commit only, but still undoes the transaction.
    """
    if (plan := await plan_in(tx, statement)) is None:
        await (await tx.session.connection()).execute(statement, values)
    else:
        await tx.pool.perform_later(tx.connection, plan, plan.bind(values))


async def plan_in(tx: Transaction, statement: UpdateBase) -> CompiledStatement | None:
    """Flush the session, and return the plan for this transaction, or None if there is none."""
    await tx.flush()
    plan, tables = planned(statement, tx.connection.dialect)
    tx.changed |= tables
    return plan


def planned(statement: UpdateBase, dialect: Dialect) -> PlannedWrite:
    by_dialect = _known.setdefault(statement, {})
    if dialect.name not in by_dialect:
        by_dialect[dialect.name] = PlannedWrite(
            compile_statement(statement, dialect), tables_changed_by(statement)
        )
    return by_dialect[dialect.name]
