"""What modules contribute to operations: figures, checks, people's data, samples, commands."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from click import Command as ClickCommand

from core.kernel.contributions import Contribution
from core.kernel.schemas import Schema


@dataclass(frozen=True)
class Statistic(Contribution):
    """A figure for the admins, e.g. `Statistic("notes.total", lambda: notes().count())`."""

    name: str
    read: Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class HealthCheck(Contribution):
    """`check` raises, or takes too long, when the thing it asks is down.

    Its name's last part is what `/health/ready` shows: `core.database` is shown as `database`.
    """

    name: str
    check: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class DoctorCheck(Contribution):
    """What `atrium doctor` looks at besides the health checks; says what to do, if anything."""

    name: str
    look: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class UserStatistic(Contribution):
    """How many things of this kind a person has: `files.bytes` is shown as `bytes`."""

    name: str
    count: Callable[[UUID], Awaitable[int]]


PersonalRows = Callable[[UUID], AsyncIterator[Schema | Sequence[Schema]]]
"""Yields lists of rows, a batch at a time, which become one list; or one body, for what is one."""


@dataclass(frozen=True)
class PersonalData(Contribution):
    """What is held about a person: `export` reads it, `erase` removes it.

    An export is sent while it is read, so `export` never holds more than a batch of rows;
    `Listing.batches` reads them so. Give it by name where there are rows of several kinds:
    `export={"sessions": …, "keys": …}`.

    `erase` removes some of it in a short transaction, and returns whether there may be more; it is
    called until there is not. `delete_some` of `core.data.erasing` does so. It is called again in
    the transaction that removes the person's row, and by another process where the first one died.
    """

    name: str
    export: PersonalRows | Mapping[str, PersonalRows]
    erase: Callable[[UUID], Awaitable[bool]]
    tables: Sequence[str] = ()
    """The names of the tables with a foreign key to `users.id` whose rows `export` yields and
    `erase` removes. A module with one such table need not name it."""
    forget: Callable[[UUID], Awaitable[None]] | None = None
    """Removes what is found by name or e-mail only, in the transaction that blanks these."""


@dataclass(frozen=True)
class StartupTask(Contribution):
    """What is done before the service opens, once over its workers; may tell the operator."""

    name: str
    run: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class Seed(Contribution):
    """Sample data for development; a second run adds nothing.

    `add` adds as many more as it is told, and says now and then how many it has added since.
    """

    name: str
    run: Callable[[], Awaitable[None]]
    add: Callable[[int, Callable[[int], object]], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Command(Contribution):
    """A command of the CLI: `Command("users.user", user_group)` is run as `atrium user …`."""

    name: str
    make: Callable[[], ClickCommand]
