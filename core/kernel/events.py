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
    """A fact that a transaction records: a frozen dataclass, named in the past tense.

    A later release must read stored events, so a new field has a default.

    ```python
    @dataclass(frozen=True, kw_only=True)
    class NoteWritten(Event):
        name = "notes.written"

        note_id: UUID
    ```
    """

    name: ClassVar[str]
    """The name begins with the module's name, and stays when the class is renamed, e.g.
    `invoices.issued`."""

    event_id: UUID = field(default_factory=uuid7)
    """The id that all deliveries of the event have."""


E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Listener(Contribution, Generic[E]):
    """A function that is called after the commit with each event of one type.

    `handle` may get the same event again after a crash, so it must be idempotent. A call that
    raises is repeated at growing intervals, and given up after twelve attempts. `name` never
    changes, because stored deliveries contain it.

    ```python
    @dataclass(frozen=True, kw_only=True)
    class NoteShared(Event):
        name = "notes.shared"

    async def send_letter(event: NoteShared) -> None:
        print(event.event_id)

    listener = Listener(NoteShared, "letters.send", send_letter)
    ```
    """

    kind: type[E]
    name: str
    handle: Callable[[E], Awaitable[None]]
    transactional: bool = False
    """Whether `handle` runs in the transaction that deletes the delivery, so exactly once. Such a
    listener must only use the database, because on SQLite no other transaction can write then."""


@dataclass(frozen=True)
class Schedule(Contribution):
    """A function that runs at an interval, in one of all processes.

    ```python
    async def remove_drafts() -> None:
        print("Drafts are removed.")

    schedule = Schedule("notes.remove_drafts", timedelta(hours=1), remove_drafts)
    ```
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
