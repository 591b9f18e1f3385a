"""The settings, the application and the container that commands start from."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from litestar import Litestar

from config.settings import Settings
from core.cli.sentences import CommandFailed
from core.engine.sql import sqlite_path
from core.wiring.container import CoreContainer

T = TypeVar("T")
UNNAMED_POOLER = (
    "A pooler in transaction mode is in front of the database: set DATABASE_POOLER=transaction."
)


@cache
def application_or_exit() -> Litestar:
    from core.app import create_app

    return create_app(settings_or_exit())


@cache
def settings_or_exit() -> Settings:
    """Return the settings, checked together with those of all modules."""
    from core.wiring.settings import checked_settings

    return checked_settings()


@cache
def core_or_exit() -> CoreContainer:
    """Return the core with every module built, for commands that serve no requests."""
    from core.wiring.assembly import assemble_all

    core, _ = assemble_all(settings_or_exit())
    return core


def core_of_application() -> CoreContainer:
    from core.wiring.plugin import core_of

    return core_of(application_or_exit())


def respect_pooler() -> None:
    """Set DATABASE_POOLER if a pooler in transaction mode is found. Raises DatabaseBusy."""
    if has_unnamed_pooler():
        os.environ["DATABASE_POOLER"] = "transaction"  # for all workers too
        settings_or_exit.cache_clear()
        core_or_exit.cache_clear()
        application_or_exit.cache_clear()


def has_unnamed_pooler() -> bool:
    """Return whether a pooler in transaction mode is found that no setting names."""
    from core.data.poolers import Pooler, find_pooler

    settings = settings_or_exit()
    url = settings.database_url.get_secret_value()
    if settings.database_pooler or sqlite_path(url):
        return False
    return asyncio.run(find_pooler(url)) is Pooler.transaction


def require_migrated() -> None:
    """Raise CommandFailed or MigrationError if the tables do not fit the code."""
    from core.data.migrations import pending
    from core.wiring.histories import histories

    settings = settings_or_exit()
    url = settings.database_url.get_secret_value()
    if (path := sqlite_path(url)) and not Path(path).exists():
        raise CommandFailed("There are no tables yet: run `atrium migrate`.")
    if has_unnamed_pooler():
        raise CommandFailed(UNNAMED_POOLER)
    if missing := pending(url, histories(settings.modules)):
        names = ", ".join(missing)
        raise CommandFailed(f"The tables are older than the code ({names}): run `atrium migrate`.")


def run(
    work: Callable[[CoreContainer], Awaitable[T]],
    core_of: Callable[[], CoreContainer] = core_or_exit,
) -> T:
    """Run asynchronous work with the database, and close the database at the end."""

    async def opened() -> T:
        core = core_of()
        try:
            return await work(core)
        finally:
            await core.db().close()

    return asyncio.run(opened())
