"""The applications of a test run: one for each settings, built once and started for each test.

A start is a fortieth of the work of building. It begins with no cached value, no counter and no
background task of the test before.
"""

import gc
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree

from litestar import Litestar

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.wiring.container import CACHE_VERSIONS_FILE, CoreContainer
from core.wiring.plugin import core_of
from core.wiring.registry import ModuleTypes

MOST_APPLICATIONS = 8

Key = tuple[Hashable, ...]


class Applications:
    """The applications of a test run, each built once for its settings."""

    def __init__(self, lines: LogWriter) -> None:
        self._lines = lines
        self._built: OrderedDict[Key, Litestar] = OrderedDict()
        self._count = 0

    @asynccontextmanager
    async def started(
        self, settings: Settings, extra: ModuleTypes | None = None, instance: int = 1
    ) -> AsyncIterator[Litestar]:
        """Start the application of these settings; a second instance runs beside the first."""
        app = self.built(settings, extra, instance)
        reset(core_of(app))
        async with app.lifespan():
            yield app

    def built(
        self, settings: Settings, extra: ModuleTypes | None = None, instance: int = 1
    ) -> Litestar:
        """Return the application of these settings and of the present environment variables."""
        key = (settings, environment(), tuple((extra or {}).items()), instance)
        if key not in self._built:
            self._count += 1
            if self._count % MOST_APPLICATIONS == 0:
                free_memory()
            self._built[key] = create_app(settings, extra, self._lines)
        self._built.move_to_end(key)
        if len(self._built) > MOST_APPLICATIONS:
            self._built.popitem(last=False)
        return self._built[key]

    def forget(self) -> None:
        """Build each application again from now on."""
        self._built.clear()


def free_memory() -> None:
    """Free what is no longer used, also objects that the start of an application has excluded."""
    gc.unfreeze()
    gc.collect()


def reset(core: CoreContainer) -> None:
    """Discard what the process remembers of the data that was there at its last start."""
    core.cache_versions().advance_all()
    core.health().forget()
    core.lifecycle().stopping = False


def environment() -> frozenset[tuple[str, str]]:
    """Return what modules read their settings from."""
    return frozenset(pair for pair in os.environ.items() if pair[0] != "PYTEST_CURRENT_TEST")


def clear(folder: Path) -> None:
    """Remove all but the file that running and built applications have mapped."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_dir() and not path.is_symlink():
            rmtree(path)
        elif path.name != CACHE_VERSIONS_FILE:
            path.unlink()
