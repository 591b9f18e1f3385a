"""What commands start from: settings, the application, and the container in it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, TypeVar

from click import Command as ClickCommand

from config.settings import Settings
from core.wiring.container import CoreContainer

T = TypeVar("T")


@cache
def the_application() -> Any:
    from core.app import create_app

    return create_app(the_settings())


@cache
def the_settings() -> Settings:
    """Checked as a whole, modules' settings too, before anything is built on them."""
    from core.wiring.settings import checked_settings

    return checked_settings()


def the_core() -> CoreContainer:
    from core.wiring.plugin import CorePlugin

    container: CoreContainer = the_application().plugins.get(CorePlugin).container
    return container


@cache
def contributed_commands() -> dict[str, ClickCommand]:
    from core.operations.contributions import Command

    made = [each.make() for each in the_core().contributions().of(Command)]
    return {each.name or "": each for each in made}


def run(work: Callable[[CoreContainer], Awaitable[T]]) -> T:
    """Do asynchronous work with an open application, and close it again."""

    async def opened() -> T:
        core = the_core()
        try:
            return await work(core)
        finally:
            await core.db().close()

    return asyncio.run(opened())
