"""A module with a route or a service that needs the limit `letters`, and one with a limit."""

from collections.abc import Sequence

from litestar import Controller

from config.settings import Rate
from core.kit import Contribution, Module, RateLimit, get, public
from core.kit.platform import RateLimits


class Letters(Controller):
    @get(summary="Read the letters", policy=public, limit="letters")
    async def letters(self) -> None: ...


class Unlimited(Module):
    controllers = (Letters,)


class Mailing:
    def __init__(self, limits: RateLimits) -> None:
        self._limit = limits.of("letters")


class Uncounted(Module):
    services = (Mailing,)


def limited(limit: RateLimit) -> type[Module]:
    class Limited(Unlimited):
        def contributions(self) -> Sequence[Contribution]:
            return (limit,)

    return Limited


def unreadable() -> Rate:
    raise LookupError("There is no rate.")
