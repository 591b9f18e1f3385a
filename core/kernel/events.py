"""Events with their listeners, and schedules."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.ids import uuid7


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact that a transaction records: a frozen dataclass, named in the past tense."""

    name: ClassVar[str]
    """The name begins with the module's name, and stays when the class is renamed, e.g.
    `invoices.issued`."""

    event_id: UUID = field(default_factory=uuid7)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Listener(Contribution, Generic[E]):
    """A function that is called after the commit with each event of one type.

    `handle` may get the same event again after a crash, so it must be idempotent. `name` never
    changes, e.g. `ledger.book_invoice`, because stored deliveries contain it.
    """

    kind: type[E]
    name: str
    handle: Callable[[E], Awaitable[None]]
    transactional: bool = False
    """Whether `handle` runs in the transaction that deletes the delivery, so exactly once. Such a
    listener must only use the database, because on SQLite no other transaction can write then."""


@dataclass(frozen=True)
class Schedule(Contribution):
    """A function that runs at an interval in one of all processes.

    Example: `Schedule("auth.sweep", HOUR, sweep)`.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
