"""Writing SQLite past SQLAlchemy: one hop to the writing thread."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.data.plans import Plan
from core.data.sessions import Rows, Sessions, dbapi_connection, dbapi_connection_of
from core.data.sqlite.driver import Outcome


class SqliteSessions(Sessions):
    """A statement that fails is taken back by SQLite, and the transaction may go on."""

    async def perform(self, session: AsyncSession, plan: Plan, values: list[Any]) -> Rows:
        with as_sqlalchemy_says_it(plan):
            done: Outcome = await dbapi_connection(session).perform(plan.sql, values, many=False)
        return done.rows

    async def perform_later(self, session: AsyncSession, plan: Plan, values: list[Any]) -> None:
        with as_sqlalchemy_says_it(plan):
            await dbapi_connection(session).perform_later(plan.sql, values)

    def lost_by(self, error: Exception, connection: AsyncConnection) -> bool:
        return False

    def is_lost(self, connection: AsyncConnection) -> bool:
        return False

    def in_transaction(self, connection: AsyncConnection) -> bool:
        return bool(dbapi_connection_of(connection).in_transaction)


@contextmanager
def as_sqlalchemy_says_it(plan: Plan) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(plan.sql, None, error) from error
    except sqlite3.Error as error:
        raise DBAPIError(plan.sql, None, error) from error
