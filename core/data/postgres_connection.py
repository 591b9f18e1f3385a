"""A connection to PostgreSQL that waits for a limited time until a statement is cancelled.

A request to cancel a statement may get lost: it comes over a connection of its own, and the server
ignores it before the statement has begun. The driver waits then until the statement ends.
"""

from asyncio import Future
from contextlib import suppress

from asyncpg import Connection

CANCEL_S = 5.0
"""The time that the server has to end a statement that was cancelled."""
CLOSING_S = 2.0


class PromptConnection(Connection):  # type: ignore[misc]  # the driver has no types
    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 (the driver's)
        """Close the connection; cut it after the timeout."""
        with suppress(TimeoutError):  # the driver has cut it
            await super().close(timeout=timeout or CLOSING_S)

    def _cancel_current_command(
        self, sent: Future[None], ended: Future[None] | None = None
    ) -> None:
        """Cancel the statement; cut the connection if the statement goes on nevertheless."""
        super()._cancel_current_command(sent, ended)
        if ended:
            cut = self._loop.call_later(CANCEL_S, self.terminate)
            ended.add_done_callback(lambda _: cut.cancel())
