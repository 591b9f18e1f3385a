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
from core.data.migrations import History, pending
from core.engine.sql import sqlite_path
from core.wiring.container import CoreContainer

T = TypeVar("T")
UNNAMED_POOLER = (
    "A pooler in transaction mode is in front of the database: set DATABASE_POOLER=transaction."
)


@cache
def loaded_application() -> Litestar:
    from core.app import create_app

    return create_app(loaded_settings())


@cache
def loaded_settings() -> Settings:
    """Return the settings, checked together with those of all modules."""
    from core.wiring.settings import checked_settings

    return checked_settings()


def database_url() -> str:
    return loaded_settings().database_url.get_secret_value()


def installed_histories() -> list[History]:
    """Return the migration histories of core and of the installed modules."""
    from core.wiring.histories import histories  # imports modules

    return histories(loaded_settings().modules)


@cache
def loaded_core() -> CoreContainer:
    """Return the core with every module built, for commands that serve no requests."""
    from core.wiring.assembly import assemble_all

    core, _ = assemble_all(loaded_settings())
    return core


def core_of_application() -> CoreContainer:
    from core.wiring.plugin import core_of

    return core_of(loaded_application())


def respect_pooler() -> None:
    """Set DATABASE_POOLER if a pooler in transaction mode is found. Raises DatabaseBusy."""
    if has_unnamed_pooler():
        os.environ["DATABASE_POOLER"] = "transaction"  # for all workers too
        loaded_settings.cache_clear()
        loaded_core.cache_clear()
        loaded_application.cache_clear()


def has_unnamed_pooler() -> bool:
    """Return whether a pooler in transaction mode is found that no setting names."""
    from core.data.poolers import Pooler, find_pooler

    url = database_url()
    if loaded_settings().database_pooler or sqlite_path(url):
        return False
    return asyncio.run(find_pooler(url)) is Pooler.transaction


def require_migrated() -> None:
    """Raise CommandFailed or MigrationError if the tables do not fit the code."""
    url = database_url()
    if (path := sqlite_path(url)) and not Path(path).exists():
        raise CommandFailed("There are no tables yet: run `atrium migrate`.")
    if has_unnamed_pooler():
        raise CommandFailed(UNNAMED_POOLER)
    if missing := pending(url, installed_histories()):
        names = ", ".join(missing)
        raise CommandFailed(f"The tables are older than the code ({names}): run `atrium migrate`.")


def run(
    work: Callable[[CoreContainer], Awaitable[T]],
    core_of: Callable[[], CoreContainer] = loaded_core,
) -> T:
    """Run asynchronous work with the database, and close the database at the end."""

    async def opened() -> T:
        core = core_of()
        try:
            return await work(core)
        finally:
            await core.db().close()

    return asyncio.run(opened())
