"""Hot writes: an INSERT or UPDATE made once, executed with values in the open transaction.

On SQLite by a plan, past SQLAlchemy, at a third of the cost; should the driver refuse, SQLAlchemy
does it again and says why, for SQLite takes back a statement that fails. On PostgreSQL a failed
statement ends the transaction, so there it is SQLAlchemy that executes.
"""

import sqlite3
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy.engine import Result
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.dml import UpdateBase

from core.data.changes import tables_changed_by
from core.data.plans import Plan, make_plan
from core.data.reads import Values
from core.data.sqlite.writer import WriteConnection
from core.data.transaction import current

_plans: WeakKeyDictionary[UpdateBase, Plan | None] = WeakKeyDictionary()


async def write(session: AsyncSession, statement: UpdateBase, values: Values) -> Result[Any]:
    """Of a statement whose every column is a bindparam. Entities waiting for a flush go first."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    connection = await connection_of(session)
    plan = plan_of(connection, statement)
    raw: Any = connection.sync_connection.connection.dbapi_connection  # type: ignore[union-attr]
    if plan and isinstance(raw, WriteConnection):
        with suppress(sqlite3.Error):
            _, rows = await raw.perform(plan.sql, plan.bind(values), many=False)
            note(session, statement)
            return plan.result(rows)
    return await connection.execute(statement, values)


async def connection_of(session: AsyncSession) -> AsyncConnection:
    """Asked of the session once in a transaction, for it is slow to answer."""
    opened = current.get()
    if opened is None or opened.session is not session:
        return await session.connection()
    opened.connection = opened.connection or await session.connection()
    return opened.connection


def plan_of(connection: AsyncConnection, statement: UpdateBase) -> Plan | None:
    if connection.dialect.name != "sqlite":
        return None
    if statement not in _plans:
        _plans[statement] = make_plan(statement, connection.dialect)
    return _plans[statement]


def note(session: AsyncSession, statement: UpdateBase) -> None:
    opened = current.get()
    if opened and opened.session is session:
        opened.changed |= tables_changed_by(statement)
