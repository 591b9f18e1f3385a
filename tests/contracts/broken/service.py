from core.events.outbox import Outbox


class ThingService:
    def __init__(self, outbox: Outbox) -> None: ...
