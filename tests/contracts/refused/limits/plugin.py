"""A module with a route that needs the limit `letters`, and the same module with a limit."""

from collections.abc import Sequence

from litestar import Controller

from config.settings import Rate
from core.kit import Contribution, Module, RateLimit, get, public


class Letters(Controller):
    @get(summary="Read the letters", policy=public, limit="letters")
    async def letters(self) -> None: ...


class Unlimited(Module):
    controllers = (Letters,)


def limited(limit: RateLimit) -> type[Module]:
    class Limited(Unlimited):
        def contributions(self) -> Sequence[Contribution]:
            return (limit,)

    return Limited


def unreadable() -> Rate:
    raise LookupError("There is no rate.")
