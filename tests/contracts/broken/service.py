from core.events.outbox import Outbox
from core.kernel.schemas import Schema
from core.security.passwords import Passwords


class ThingRead(Schema):
    name: str


class Scope(Schema):
    things: list[ThingRead] | None


class ThingService:
    def __init__(self, outbox: Outbox, passwords: Passwords) -> None: ...
