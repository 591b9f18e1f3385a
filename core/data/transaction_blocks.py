"""The blocks of transactions: a new one, a part of the open one, and a savepoint in it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import Token

from core.data.commits import Commits, raise_translated
from core.data.open_transaction import Recorders
from core.data.transaction import Transaction, current_transaction


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
        failure = error or (part_failed() if opened.failed else None)
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
        return self._outer.join()

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error:
            self._outer.failed = True
            raise_translated(error)


@asynccontextmanager
async def savepoint_in(outer: Transaction) -> AsyncIterator[Transaction]:
    """Open a savepoint, whose rollback drops the callbacks that were registered meanwhile."""
    session, part = outer.join().session, part_of(outer)
    try:
        async with session.begin_nested():
            await session.connection()  # sends SAVEPOINT now: a plan would not
            with entered(part, outer):
                yield part
                if part.failed:
                    raise part_failed()
    except Exception as error:
        raise_translated(error)
        raise
    outer.callbacks += part.callbacks
    outer.audited |= part.audited


def part_of(outer: Transaction) -> Transaction:
    """Return the part of a transaction in a savepoint, with callbacks of its own.

    Its rollback drops the callbacks, but the names that it has changed stay invalidated.
    """
    part = Transaction(outer.database, outer.pool, outer.connection, outer.recorders)
    part.opened_session = outer.session
    part.changed, part.invalidated = outer.changed, outer.invalidated
    return part


@contextmanager
def entered(part: Transaction, outer: Transaction) -> Iterator[None]:
    token, outer.part = current_transaction.set(part), part
    try:
        yield
    finally:
        part.closed, outer.part = True, None
        current_transaction.reset(token)


def part_failed() -> RuntimeError:
    return RuntimeError("A part failed, was caught, and left its work: use savepoint().")
