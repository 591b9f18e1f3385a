from core.events.outbox import Outbox
from core.kernel.schemas import Schema


class ThingRead(Schema):
    name: str


class Scope(Schema):
    things: list[ThingRead] | None


class ThingService:
    def __init__(self, outbox: Outbox) -> None: ...
