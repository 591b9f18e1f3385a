from core.events.outbox import Outbox
from core.security.passwords import Passwords


class ThingService:
    def __init__(self, outbox: Outbox, passwords: Passwords) -> None: ...
