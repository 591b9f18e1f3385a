"""A connection to PostgreSQL with a time limit for the end of a cancelled statement.

A cancel request may be lost, because it is sent over a connection of its own, and the server
ignores it before the statement has begun. The driver would then wait until the statement ends.
"""

from asyncio import Future
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import asyncpg
from asyncpg import InvalidParameterValueError, UndefinedObjectError

from core.engine.sql.compiled_statements import Rows
from core.engine.sql.errors import DatabaseBusy
from core.engine.sql.postgres.errors import NOT_CONNECTED
from core.engine.sql.postgres.settings import CANCELS, set_all

CONNECT_TIMEOUT_S = 5
CANCEL_S = 5.0
"""The time in which the server must end a cancelled statement."""
CLOSE_TIMEOUT_S = 2.0


class Driver(Protocol):
    """The methods of `asyncpg.Connection` that are used; the driver has no types."""

    async def fetch(self, query: str, *values: object) -> Rows: ...

    async def execute(self, query: str) -> str: ...

    async def close(self) -> None: ...

    def terminate(self) -> None: ...

    def is_closed(self) -> bool: ...

    def is_in_transaction(self) -> bool: ...


class Adapted(Protocol):
    """The methods of SQLAlchemy's adapter of a connection that are used."""

    driver_connection: Driver

    async def _start_transaction(self) -> None: ...

    def rollback(self) -> None: ...


class PromptConnection(asyncpg.Connection):  # type: ignore[misc]  # the driver has no types
    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (the driver's)
        """Close the connection, or terminate it after the timeout."""
        with suppress(TimeoutError):  # the driver has terminated it
            await super().close(timeout=timeout or CLOSE_TIMEOUT_S)

    def _cancel_current_command(
        self, sent: Future[None], ended: Future[None] | None = None
    ) -> None:
        """Cancel the statement; terminate the connection if the statement does not end."""
        super()._cancel_current_command(sent, ended)
        if ended:
            cut = self._loop.call_later(CANCEL_S, self.terminate)
            ended.add_done_callback(lambda _: cut.cancel())


async def connect(*args: object, settings: Mapping[str, str], **options: object) -> Driver:
    """Return a new connection. Raises DatabaseBusy if the server is silent, starting or full."""
    try:
        connection: Driver = await asyncpg.connect(
            *args, timeout=CONNECT_TIMEOUT_S, connection_class=PromptConnection, **options
        )
        try:
            await set_in_session(connection, settings)
        except BaseException:
            connection.terminate()
            raise
    except NOT_CONNECTED as error:
        raise DatabaseBusy from error
    return connection


async def set_in_session(connection: Driver, settings: Mapping[str, str]) -> None:
    """Set these settings in one round trip, without CANCELS if the server does not know them.

    A server older than PostgreSQL 14 does not know them.
    """
    if not settings:
        return
    try:
        await connection.execute(set_all(settings))
    except (InvalidParameterValueError, UndefinedObjectError):
        supported = {name: value for name, value in settings.items() if name not in CANCELS}
        await connection.execute(set_all(supported))
