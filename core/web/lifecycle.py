"""Whether the process takes requests, and how many it is answering."""

from asyncio import sleep
from time import monotonic


class Lifecycle:
    def __init__(self) -> None:
        self.in_flight = 0
        self.stopping = False

    async def drained(self, seconds: float) -> bool:
        """Wait until nothing is in flight; False when that takes longer than it may."""
        last = monotonic() + seconds
        while self.in_flight and monotonic() < last:
            await sleep(0.05)
        return not self.in_flight
