"""A connection to PostgreSQL with a time limit for the end of a cancelled statement.

A cancel request may be lost, because it is sent over a connection of its own, and the server
ignores it before the statement has begun. The driver would then wait until the statement ends.
"""

from asyncio import Future
from contextlib import suppress

from asyncpg import Connection

CANCEL_S = 5.0
"""The time in which the server must end a cancelled statement."""
CLOSE_TIMEOUT_S = 2.0


class PromptConnection(Connection):  # type: ignore[misc]  # the driver has no types
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
