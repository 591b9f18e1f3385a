"""Contributions to operations: statistics, checks, personal data, sample data, commands."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from click import Command as ClickCommand
from sqlalchemy import ColumnElement, bindparam, true
from sqlalchemy.orm import InstrumentedAttribute

from core.data.database import Database
from core.data.models import Base
from core.data.queries import Listing
from core.kernel.contributions import Contribution
from core.kernel.schemas import Schema
from core.operations.rows import counted, erase_rows, export_rows, model_of

ALL_ROWS = true()
ConditionValues = Callable[[], Mapping[str, object]]
"""A function that returns the values of a condition, called for each count."""


@dataclass(frozen=True)
class Statistic(Contribution):
    """A number in `/admin/stats`, read for each request of the statistics.

    ```python
    async def count_notes() -> int:
        async with db.read() as reads:
            return await reads.scalar(select(func.count()).select_from(Note)) or 0

    statistic = Statistic("notes.total", count_notes)
    assert await statistic.read() >= 0
    ```
    """

    name: str
    read: Callable[[], Awaitable[int]]

    @classmethod
    def of_rows(
        cls,
        name: str,
        db: Callable[[], Database],
        model: type[Base],
        where: ColumnElement[bool] = ALL_ROWS,
        values: ConditionValues = dict,
    ) -> Self:
        """Return the number of the rows of a table that meet `where`, which may need `values`.

        Without values the number is cached until a commit changes the table.
        """
        count = counted(db, model, where)
        return cls(name, lambda: count(**values()))


@dataclass(frozen=True)
class HealthCheck(Contribution):
    """A check of something that requests depend on; `check` raises or takes too long if it is down.

    `/health/ready` shows the last part of the name: `core.database` is shown as `database`.

    ```python
    async def connect() -> None:
        print("The printer responds.")

    check = HealthCheck("notes.printer", connect)
    ```
    """

    name: str
    check: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class DoctorCheck(Contribution):
    """A further check of `atrium doctor`; `advise` returns a sentence with advice, or None.

    ```python
    async def advise() -> str | None:
        return "The printer has no paper: add some."

    check = DoctorCheck("notes.printer", advise)
    ```
    """

    name: str
    advise: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class UserStatistic(Contribution):
    """A number about one user in `/users/me/summary`: `files.bytes` is shown as `bytes`.

    ```python
    async def count_notes(user_id: UUID) -> int:
        query = select(func.count()).select_from(Note).where(Note.owner_id == user_id)
        async with db.read() as reads:
            return await reads.scalar(query) or 0

    statistic = UserStatistic("notes.notes", count_notes)
    assert await statistic.count(owner.id) >= 0
    ```
    """

    name: str
    count: Callable[[UUID], Awaitable[int]]

    @classmethod
    def of_rows(
        cls,
        name: str,
        db: Callable[[], Database],
        owner: InstrumentedAttribute[UUID],
        where: ColumnElement[bool] = ALL_ROWS,
        values: ConditionValues = dict,
    ) -> Self:
        """Return the number of the user's rows that meet `where`; `owner` is the user's column."""
        count = counted(db, model_of(owner), owner == bindparam("owner"), where)
        return cls(name, lambda user_id: count(owner=user_id, **values()))


PersonalRows = Callable[[UUID], AsyncIterator[Schema | Sequence[Schema]]]
"""A function that yields batches of rows, which become one JSON list, or yields one schema."""


@dataclass(frozen=True)
class PersonalData(Contribution):
    """The data that a module holds about a user: `export` reads the data, `erase` deletes it.

    An export is sent while it is read, so `export` holds at most one batch of rows;
    `db.batches` reads rows in this way. If there are rows of several kinds, name each:
    `export={"sessions": …, "keys": …}`.

    `erase` deletes some rows in a short transaction and returns whether there may be more. It is
    called until it returns False; `delete_some` does this. It is called again in the transaction
    that deletes the row of the user, and by another process if the first process was killed.

    ```python
    async def export(user_id: UUID) -> AsyncIterator[Sequence[NoteRead]]:
        async for notes in db.batches(NOTES, Note, owner_id=user_id):
            yield NoteRead.each(notes)

    async def erase(user_id: UUID) -> bool:
        return await delete_some(db, Note, Note.owner_id == user_id)

    data = PersonalData("notes.notes", export, erase)
    assert not await data.erase(owner.id)
    ```

    `of_rows` does the same for the rows of one table with a column of the owner:

    ```python
    data = PersonalData.of_rows("notes.notes", lambda: db, Note.owner_id, NOTES, NoteRead)
    assert not await data.erase(owner.id)
    ```
    """

    name: str
    export: PersonalRows | Mapping[str, PersonalRows]
    erase: Callable[[UUID], Awaitable[bool]]
    tables: Sequence[str] = ()
    """The names of the tables with a foreign key to `users.id` whose rows `export` yields and
    `erase` deletes. A module with one such table need not name it."""
    forget: Callable[[UUID], Awaitable[None]] | None = None
    """Delete data that is found by name or e-mail only, in the transaction that clears both."""

    @classmethod
    def of_rows(
        cls,
        name: str,
        db: Callable[[], Database],
        owner: InstrumentedAttribute[UUID],
        listing: Listing,
        schema: type[Schema],
    ) -> Self:
        """Export the rows of the user as `schema`, in the order of `listing`, and delete them.

        `owner` is the column with the id of the user. `listing` and `delete_some` need an index
        that begins with it.
        """
        return cls(name, export_rows(db, owner, listing, schema), erase_rows(db, owner))


@dataclass(frozen=True)
class StartupTask(Contribution):
    """A task that runs before the service opens, once for all workers.

    `run` may return a message for the operator.

    ```python
    async def warm_up() -> str | None:
        return "The notes are ready."

    task = StartupTask("notes.warm_up", warm_up)
    ```
    """

    name: str
    run: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class Seed(Contribution):
    """Sample data for development (`atrium seed`); a second run adds nothing.

    `add` adds a given number of further rows. It calls its second argument with the number of rows
    that were added since the last call.

    ```python
    async def write_samples() -> None:
        print("There are three notes.")

    seed = Seed("notes.samples", write_samples)
    ```
    """

    name: str
    run: Callable[[], Awaitable[None]]
    add: Callable[[int, Callable[[int], object]], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Command(Contribution):
    """A command of the CLI: `notes.count` is run as `atrium count`.

    `make` is called by the CLI only, so that the start of the service imports no command.

    ```python
    def count() -> click.Command:
        return click.Command("count", help="Print the number of notes.")

    command = Command("notes.count", count)
    ```
    """

    name: str
    make: Callable[[], ClickCommand]
