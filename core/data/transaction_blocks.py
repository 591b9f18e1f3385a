"""The blocks of transactions, and the transaction in which a task is."""

from asyncio import Task, current_task
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from contextvars import ContextVar, Token
from dataclasses import dataclass, field

from core.data.commits import Commits, raise_translated
from core.data.open_transaction import Recorders
from core.data.transaction import Transaction

PART_FAILED = "A nested block failed, but its error was caught: catch it after the block."

current_transaction: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


def inside_transaction() -> bool:
    """Return whether this task is in an open transaction and sees its uncommitted rows."""
    open_ = current_transaction.get()
    return open_ is not None and not open_.closed and open_.task is current_task()


class NewTransaction(AbstractAsyncContextManager[Transaction]):
    """The block of a transaction, which is committed at its end and rolled back on an error."""

    _opened: Transaction
    _token: Token[Transaction | None]

    def __init__(self, database: object, commits: Commits, recorders: Recorders) -> None:
        self._database, self._commits, self._recorders = database, commits, recorders

    async def __aenter__(self) -> Transaction:
        pool = self._commits.pool
        connection = await pool.acquire()
        self._opened = Transaction(self._database, pool, connection, self._recorders)
        self._token = current_transaction.set(self._opened)
        return self._opened

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        opened = self._opened
        failure = error or (RuntimeError(PART_FAILED) if opened.failed else None)
        try:
            if failure is None:
                await self._commits.commit(opened)
            else:
                await self._commits.roll_back(opened, failure)
        finally:
            current_transaction.reset(self._token)
        if failure and failure is not error:
            raise failure


class JoinedTransaction(AbstractAsyncContextManager[Transaction]):
    """A block inside the block of a transaction, which the outer block commits."""

    def __init__(self, outer: Transaction) -> None:
        self._outer = outer

    async def __aenter__(self) -> Transaction:
        if self._outer.task is not current_task():
            raise RuntimeError("This task was started inside a transaction: start it afterwards.")
        return self._outer

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error:
            self._outer.failed = True
            raise_translated(error)


@dataclass
class DeferredTransaction:
    """A transaction that opens with the first `transaction()` of its task and ends with `stack`."""

    database: object
    stack: AsyncExitStack
    task: Task[object] | None = field(default_factory=current_task)

    def is_for(self, database: object) -> bool:
        return self.database is database and self.task is current_task()


deferred: ContextVar[DeferredTransaction | None] = ContextVar("deferred", default=None)
