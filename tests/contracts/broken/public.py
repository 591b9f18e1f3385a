from typing import Protocol, runtime_checkable

from core.kernel.events import Event
from core.kernel.schemas import Schema
from core.security.passwords import GivenPassword


class DoThing(Event):
    name = "thing"


class ThingRead(Schema):
    id: int


class ThingProof(Schema):
    password: GivenPassword | None = None


@runtime_checkable
class ThingReader(Protocol):
    async def thing(self) -> ThingRead: ...
