"""Facts that modules tell each other, and what is to be done every so often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from core.kernel.contributions import Contribution
from core.kernel.ids import uuid7


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that has happened: a frozen dataclass, named in the past tense."""

    name: ClassVar[str]
    """Stable and owned, e.g. `invoices.issued`: it outlives a renamed class."""

    event_id: UUID = field(default_factory=uuid7)


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Listener(Contribution, Generic[E]):
    """`handle` may get the same event again after a crash, so doing it twice must be harmless.

    `name` is stable like the event's, e.g. `ledger.book_invoice`: rows wait under it.
    """

    kind: type[E]
    name: str
    handle: Callable[[E], Awaitable[None]]
    transactional: bool = False
    """Handled within the transaction that ticks it off: exactly once. Such a listener works in the
    database only, for while it runs nobody else can write there."""


@dataclass(frozen=True)
class Schedule(Contribution):
    """Run once every so often over all processes, e.g. `Schedule("auth.sweep", HOUR, sweep)`."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
