from typing import Protocol, runtime_checkable

from core.kernel.events import Event
from core.kernel.schemas import Schema


class DoThing(Event):
    name = "thing"


class ThingRead(Schema):
    id: int


@runtime_checkable
class ThingReader(Protocol):
    async def thing(self) -> ThingRead: ...
